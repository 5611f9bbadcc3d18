"""From recorded trials to MLflow and Optuna."""
