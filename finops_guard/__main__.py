"""`python -m finops_guard`."""

from finops_guard.cli.main import main

main()
