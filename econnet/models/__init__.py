"""Models that learn from the training rows of a window.

Imports `data`, `network`, `runtime` and `core`; never `evaluation`.
"""
