"""Networks of several inputs, outputs that are no tensor, and losses of a whole batch."""
