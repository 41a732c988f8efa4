"""What asks for the stack's addresses from outside. It runs in Lambda, by itself."""
