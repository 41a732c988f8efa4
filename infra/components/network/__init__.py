"""Components of the network: VPC, firewall, peering."""
