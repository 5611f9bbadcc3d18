"""What a network that knows nothing gets: the best constant output, and levels from it."""
