"""Is it what theory says? Mean-field predictions of the gradients against the trials.

python examples/is_it_what_theory_says.py [STUDY]
"""

# %%
import sys

from analysis import largest_disagreements, load_trials, ratio_errors, theory_agreement
from analysis.figures import predicted_ratio

STUDY = sys.argv[1] if len(sys.argv) > 1 else "digits-mlp"
trials = load_trials(STUDY)

# %% How often the predicted gradient regime is the observed one, by activation and initialization
agreement = theory_agreement(trials)
columns = [name for name in ("activation", "initialization") if name in agreement.columns]
columns += ["trials", "agreement", "low", "high", "error_median"]
print(agreement[columns].to_string(index=False))

# %% By what factor the ratio of first to last gradient is off
errors = ratio_errors(trials).dropna()
print(f"half of {len(errors)} trials are within a factor {2.718 ** errors.abs().median():.2f}")

# %% The trials that are farthest from their prediction
print(largest_disagreements(trials).head().to_string(index=False))
figure = predicted_ratio(trials)
# figure.show()  # in a notebook
