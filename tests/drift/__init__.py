"""What `ascent drift` tells apart, without an engine."""
