"""Evaluation of forecasts: walk-forward runs, baselines, scores and their intervals."""
