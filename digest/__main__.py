"""`python -m digest` is the command line."""

from digest.cli import main

main()
