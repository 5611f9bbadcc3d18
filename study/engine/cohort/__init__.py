"""K trials as one: parameters in blocks, what may differ between trials, data, first networks."""
