"""The program: settings and stages in, cloud resources out. It knows nothing of the commands or the sandbox."""
