"""The space of a study as its trials show it: axes, cells, coordinates, evenly placed trials."""
