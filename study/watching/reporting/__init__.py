"""What is made of it: rows of the tables, verdict, remedies, a run on disk, a study of many."""
