"""The data sources, one module per source; each returns tidy rows of observations.

Imports `core`. Only this package opens connections.
"""
