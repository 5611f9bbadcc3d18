"""What several commands print: a diagnosis, remedies, a summary, progress; and how it looks."""
