"""The page's first sentences: where it trains, where the edge is, what fixes most failures."""
