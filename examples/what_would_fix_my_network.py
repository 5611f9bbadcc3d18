"""What would fix my network? Single changes that move failing trials to stable, and why they fail.

    python examples/what_would_fix_my_network.py [STUDY]

`gradscape diagnose STUDY.yaml --set depth=30` asks the same of one configuration, and trains it.
"""

# %%
import sys

from analysis import load_layers, load_steps, load_trials, remedies, representative_trials
from analysis.figures import layer_heatmap, training_curves

STUDY = sys.argv[1] if len(sys.argv) > 1 else "digits-mlp"
trials = load_trials(STUDY)

# %% Pairs of trials that differ in one change alone, or are matched as nearly as there are some
changes = remedies(trials)
columns = ["hyperparameter", "from", "to", "verdict", "failing", "healed", "share", "low", "high"]
print(
    changes[columns].head(10).to_string(index=False) if len(changes) else changes.attrs["reason"]
)

# %% Which trials stand for the failures, and what they are put down to
typical = representative_trials(trials)
print(typical[["verdict", "trial", "outcome", "cause", "alike", "of"]].to_string(index=False))

# %% The gradient of one of them by layer and step
failing = typical[typical["verdict"] != "stable"]
chosen = int((failing if len(failing) else typical)["trial"].iloc[0])
print(trials.set_index("trial").loc[chosen, "explanation"])
heatmap = layer_heatmap(load_layers(STUDY, trials=[chosen]))
curves = training_curves(load_steps(STUDY, trials=[chosen]))
# heatmap.show(); curves.show()  # in a notebook
