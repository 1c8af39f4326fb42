"""Processes and files: workers, clusters, atomic writes, checksums.

Contains no economics; imports `core` only.
"""
