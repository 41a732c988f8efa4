"""One component a file. Each takes `(name, args, opts)`, is told all it needs and asks for no stage."""
