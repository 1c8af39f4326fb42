"""The typst templates of the PDF."""
