"""From the sources to the features and the target of a forecast; it learns nothing.

Imports `core`, and `runtime` for reading and writing files.
"""
