"""Shared vocabulary; imports NumPy, pandas and the standard library, no economics."""
