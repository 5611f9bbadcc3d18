"""The Ray cluster that cohorts are trained on: connecting, its nodes, and what fits on them."""
