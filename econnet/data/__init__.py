"""From the sources to the features and the target; no model is trained here.

Imports `core`, and `runtime` for reading and writing files.
"""
