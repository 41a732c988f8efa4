"""The policies: each fires on what it is for, and the shipped stacks keep to all of them."""
