"""What moves the boundary? Importance of hyperparameters and pairs for stability.

python examples/what_moves_it.py [STUDY]
"""

# %%
import sys

from analysis import load_trials, stability_importance, stability_interactions, stability_regions

STUDY = sys.argv[1] if len(sys.argv) > 1 else "digits-mlp"
trials = load_trials(STUDY)

# %% Share of the variance of being stable that goes with each hyperparameter
importance = stability_importance(trials)
print(importance.to_string(index=False) if len(importance) else importance.attrs["reason"])

# %% Pairs that act together beyond what each does alone
pairs = stability_interactions(trials)
print(pairs.head().to_string(index=False) if len(pairs) else pairs.attrs["reason"])

# %% How the most important one moves it
name = importance["x"].iloc[0] if len(importance) else "learning_rate"
print(stability_regions(trials, name)[["x", "trials", "probability", "low", "high"]])
