"""The rights at Cloudflare that a stack needs."""
