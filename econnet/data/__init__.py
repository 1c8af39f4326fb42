"""The way from the sources to the features and the target; nothing here learns.

Imports `core`, and `runtime` for reading and writing files.
"""
