"""The image: how it is made, and `make check-image`, which goes through its making without a container engine."""
