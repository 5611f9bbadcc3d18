"""Networks written for other libraries, as modules that the engine can train."""
