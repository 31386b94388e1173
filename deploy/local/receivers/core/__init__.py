"""What a receiver decides, and what it writes down."""
