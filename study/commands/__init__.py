"""The command line: one file a command. Only here study and analysis meet."""
