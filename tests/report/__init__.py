"""The report of a stack: its drawing, its facts, its page, and the page in a browser."""
