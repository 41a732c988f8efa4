"""The sandbox: stand-ins for the cloud providers, so that the real engine runs the program without an account."""
