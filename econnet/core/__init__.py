"""Shared vocabulary: errors, settings, periods, the task, countries, the catalog.

Imports the standard library and third-party packages only, nothing else of econnet.
"""
