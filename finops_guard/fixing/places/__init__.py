"""Where tags are written: one module a kind of place."""
