"""Where Cloudflare's requests come from.

As data, because what may reach the load balancer changes by a reviewed change alone, and previews need no network.
"""

from __future__ import annotations

# https://www.cloudflare.com/ips-v4, the list of April 2021, which was still the published one in 2026. Our load
# balancers and S3's endpoints have IPv4 addresses only.
CLOUDFLARE = (
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "108.162.192.0/18",
    "131.0.72.0/22",
    "141.101.64.0/18",
    "162.158.0.0/15",
    "172.64.0.0/13",
    "173.245.48.0/20",
    "188.114.96.0/20",
    "190.93.240.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
)
