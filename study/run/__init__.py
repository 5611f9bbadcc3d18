"""One invocation of `gradscape run` on one study, from the study file to its results.

To be read from top to bottom: `run_study` checks the study file, takes the study's lease, has
`resume` find what is left to do, and gets from `factories` what the study file asks for. It hands
these to `Invocation`, which asks for trials (`new_trials`) and has them trained. What comes
back goes through `recorder` to disk and through `delivery` to MLflow and Optuna; `finish` ends
the run.
"""
