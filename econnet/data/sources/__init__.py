"""Where observations come from: one module a source, each returning tidy rows."""
