"""The workflows: linted, held to rules, and their scripts run."""
