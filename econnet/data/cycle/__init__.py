"""The business cycle: growth, turning points, trends, and the labels made of them.

Imports `core` and, for panels, `data.panel`.
"""
