"""A generic stand-in provider that speaks Pulumi's provider protocol and remembers instead of provisioning."""
