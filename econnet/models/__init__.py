"""What learns from a window. Imports `data`, `network`, `runtime` and `core`."""
