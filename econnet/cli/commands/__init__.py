"""The commands, one module each; heavy packages are imported inside a command."""
