"""Looking at a cohort in training: hooks on its layers, quantities by layer, and the record."""
