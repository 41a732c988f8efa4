"""Components that watch and tell: alarms, logs, dashboards, objectives, budget."""
