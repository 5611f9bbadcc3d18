"""Which trials a run asks for: the sampler's, then those that confirm a region."""
