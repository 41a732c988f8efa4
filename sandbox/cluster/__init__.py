"""A Kubernetes cluster of the sandbox's own: a real API server with its controllers, and pods that run nothing."""
