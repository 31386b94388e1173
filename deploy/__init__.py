"""Everything that runs the fleet somewhere: on a laptop, in a container, from the command line."""
