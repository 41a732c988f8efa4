"""What a stack needs of Cloudflare beside what it makes there."""
