"""The business cycle: growth, turning points, trends, and the labels made from them.

Imports `core` and, for panels, `data.panel`.
"""
