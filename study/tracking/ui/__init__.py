"""MLflow's own user interface on a home folder, and the view of runs that it opens on."""
