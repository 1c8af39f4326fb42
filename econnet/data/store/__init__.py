"""The database of everything that was fetched, its schema, checks and export.

Imports `core`, `runtime` and `data.sources`.
"""
