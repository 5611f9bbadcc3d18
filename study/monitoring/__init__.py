"""What others see of a run, while it goes on and afterwards: progress, status, log, result."""
