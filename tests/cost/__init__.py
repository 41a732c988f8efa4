"""What a stack costs: the rules, the table, the list, the command."""
