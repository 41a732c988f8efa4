"""Components of the cluster and in it."""
