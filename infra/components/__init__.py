"""One component a file. Each takes `(name, args, opts)`, gets everything it needs as arguments and asks for no stage."""
