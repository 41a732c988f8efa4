"""Components in front of the load balancers: certificate, DNS, CDN, traffic between regions."""
