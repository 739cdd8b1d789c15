"""Shapes of cost files, one module each, recognised by their columns and never by a version they state."""
