"""What an instance runs: files that its user data installs, and that run alone, on Python 3.9 and systemd 252.

`boot.sh` runs once, when an instance boots for the first time. `instance.py` starts the container, at each
boot and after each crash, and reports to EC2 Auto Scaling. What differs from instance to instance is in one JSON file,
which `infra/user_data.py` writes.
"""
