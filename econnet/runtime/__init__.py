"""Processes and files: workers, clusters, atomic writes, checksums.

Knows nothing of economics; imports `core` only.
"""
