"""The command line: one module a command, thin, imported only when it is called."""
