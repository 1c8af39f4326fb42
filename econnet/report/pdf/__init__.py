"""The content and the templates of the PDF."""
