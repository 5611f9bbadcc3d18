"""gradscape: finds where deep networks train."""
