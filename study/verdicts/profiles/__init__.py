"""What the hidden layers of a trial show together at each recorded step."""
