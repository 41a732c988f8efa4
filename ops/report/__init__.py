"""The report of a stack: one page for people who would rather look. Each module has the facts of a section."""
