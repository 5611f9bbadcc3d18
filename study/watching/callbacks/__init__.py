"""Watching loops that belong to a framework: one file a framework, imported by who has it."""
