"""What was known at each forecast origin, as the columns of a design matrix.

Imports `core`, `data.panel` and `data.cycle`.
"""
