"""Programs in other languages that are built from package registries and kept: contenders of benchmarks, checkers."""
