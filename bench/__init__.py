"""Benchmarks: figures that the documentation prints, and the code that measured them."""
