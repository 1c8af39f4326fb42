"""The user's own file: its cells as text, then as observations.

Imports `core`, `runtime` and the types of `data.sources`.
"""
