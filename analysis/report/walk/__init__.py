"""The walkable map: what of a study travels inside the page, so that it works offline."""
