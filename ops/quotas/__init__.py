"""What a stack needs of an AWS account's quotas, and whether the account has it.

`table.py` has the quotas, `needs.py` the sums, `used.py` and `account.py` ask AWS, `judge.py` compares.
"""
