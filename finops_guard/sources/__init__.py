"""Where resources come from: one module or folder for each source, found by its name."""
