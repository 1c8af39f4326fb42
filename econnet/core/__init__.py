"""Shared vocabulary: errors, periods, tasks, countries, the catalog.

Imports the standard library and third-party packages only, nothing else of econnet.
"""
