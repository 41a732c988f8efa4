"""A CrossGuard policy pack: rules that every stack has to keep."""
