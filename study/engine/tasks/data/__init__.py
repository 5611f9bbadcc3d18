"""A task's data: the rules that they keep, what they are like, and what is done to them."""
