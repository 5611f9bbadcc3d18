"""What happens to a cohort on a worker: its task and networks are loaded, trained and labelled."""
