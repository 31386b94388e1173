"""The fleet's services. Each stands alone: they speak to each other through topics and nothing else."""
