"""What Cloudflare's provider documents about its inputs, held against the catalog."""
