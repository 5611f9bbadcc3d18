"""MLflow's data base, where no server stands before it."""
