"""Rules about more than one section of a stack's file, by topic. `table` lists them all, each with its source."""
