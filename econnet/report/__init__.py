"""The report: figures, and the documents that hold them."""
