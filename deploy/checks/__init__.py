"""`make check-deploy`: what stands under deploy/ is judged as a cluster, operators and our own rules would."""
