"""Sets up the dependencies and the toolchain. Standard library only: it runs before anything is installed."""
