"""Where is the edge? Learning rates that still train, and the band in which the boundary lies.

python examples/where_is_the_edge.py [STUDY]
"""

# %%
import sys

from analysis import boundary_band, largest_learning_rate, load_trials
from analysis.figures import learning_rate_by_depth
from analysis.maps.learning_rate_limits import learning_rate_limits

STUDY = sys.argv[1] if len(sys.argv) > 1 else "digits-mlp"
trials = load_trials(STUDY)

# %% Learning rates at which at least half of the trials are stable, with 95 % intervals
limits = learning_rate_limits(trials)
columns = ["by", "value", "stable", "smallest", "largest_low", "largest", "largest_high"]
print(limits[columns].to_string(index=False))

# %% The largest at which any trial was stable, by depth and activation
window = largest_learning_rate(trials, ["depth", "activation"])
print(window[["depth", "activation", "stable", "largest", "largest_high"]].to_string(index=False))
figure = learning_rate_by_depth(window, trials)
# figure.show()  # in a notebook

# %% The boundary is a band, never a line: where 50 % stable is neither sure nor ruled out
band = boundary_band(trials, "learning_rate", "depth")
print(band.head(12).to_string(index=False))
