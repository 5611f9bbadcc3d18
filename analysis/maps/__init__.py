"""Maps over hyperparameters: regions, boundaries, limits, theory's lines, whether it settled."""
