"""Evaluation of past forecasts: walk-forward runs, scores, comparisons and signals.

Imports `models`, `data`, `network`, `runtime` and `core`.
"""
