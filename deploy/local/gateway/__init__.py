"""One origin for a fleet on a laptop: what an Ingress does in a cluster, in one small process."""
