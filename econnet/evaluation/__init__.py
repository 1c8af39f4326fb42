"""How good the forecasts have been: walk-forward, scores, baselines, calibration."""
