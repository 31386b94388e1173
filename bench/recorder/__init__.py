"""What keeping costs: records a second into each database, and how fast listings answer while they arrive."""
