"""What decides: importance of hyperparameters, and sensitivity to the learning rate."""
