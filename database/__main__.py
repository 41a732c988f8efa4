"""`python -m database`."""

from database.cli import main

main()
