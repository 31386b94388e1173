"""What people have the recorder do: mark, resolve, replay, remove. Each act leaves its trail in its own transaction."""
