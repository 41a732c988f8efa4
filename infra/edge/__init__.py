"""What Cloudflare does with a request before it reaches us, as plain data: no resource is declared here."""
