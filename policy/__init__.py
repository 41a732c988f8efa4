"""A CrossGuard policy pack: what every stack has to keep to, whatever changes."""
