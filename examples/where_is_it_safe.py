"""Where is it safe to train? Regions in plain words, and the map behind them.

    python examples/where_is_it_safe.py [STUDY]

The cells marked `# %%` run one by one in an editor, or all at once as a script. The study is one
of the home folder, `make demo` runs digits-mlp.
"""

# %%
import sys

from analysis import (
    confirmed_regions,
    inside_box,
    load_trials,
    safe_regions,
    stability_regions,
    verdict_counts,
)
from analysis.figures import region_map

STUDY = sys.argv[1] if len(sys.argv) > 1 else "digits-mlp"
trials = load_trials(STUDY)
print(verdict_counts(trials)[["verdict", "trials", "share", "low", "high"]].to_string(index=False))

# %% Regions found by a model of the whole space, with a lower bound
boxes = safe_regions(trials)
if boxes.empty:
    print("no safe region:", boxes.attrs["reason"])
for box in boxes.to_dict("records"):
    print(f"{box['box']}: about {box['purity']:.0%} stable, at least {box['low']:.0%};")
    print(f"  {box['share']:.0%} of the space, {box['coverage']:.0%} of what is stable")

# %% What fresh trials said of the regions that the run tested (`confirm` in the study file)
tested = confirmed_regions(trials)
if tested.empty:
    print("no region was tested with fresh trials")
else:
    print(tested[["box", "trials", "stable", "low", "kept"]].to_string(index=False))

# %% The recommended box as a selection of trials
if len(boxes):
    import json

    inside = trials[inside_box(trials, json.loads(boxes["where"][0]))]
    print(verdict_counts(inside)[["verdict", "trials"]].to_string(index=False))

# %% The map of two hyperparameters, with the trials and intervals of each cell
cells = stability_regions(trials, "learning_rate", "depth")
print(cells.nlargest(5, "low")[["x", "y", "trials", "stable", "low", "high"]])
figure = region_map(cells)
# figure.show()  # in a notebook
