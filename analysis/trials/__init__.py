"""What single trials say: verdicts, flags, typical ones, and what theory and rules say."""
