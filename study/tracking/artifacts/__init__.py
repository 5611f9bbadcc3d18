"""A study's artifacts in MLflow: report and tables, put there and fetched."""
