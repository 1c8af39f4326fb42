"""The database of all fetched observations, its schema, checks and export.

Imports `core`, `runtime` and `data.sources`.
"""
