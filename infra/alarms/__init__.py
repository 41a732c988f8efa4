"""What is watched, as data: THE table of alarms, and everything that is drawn from it."""
