"""What the comparison computes, without processes, files or clocks."""
