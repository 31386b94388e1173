"""The pictures, one module each; they share a look (`style`) and start their axes at zero unless they say otherwise."""
