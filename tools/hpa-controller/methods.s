// Empty: with it the compiler takes functions whose bodies are in another package.
