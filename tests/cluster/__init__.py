"""Every stage's Kubernetes objects, and what the sandbox says of broken ones, held against a real API server."""
