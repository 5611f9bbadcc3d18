"""Intervals of probabilities and of their differences; whether probabilities are calibrated."""
