"""`python -m ops`: what the `ascent` script runs."""

from ops.cli import main

if __name__ == "__main__":
    main()
