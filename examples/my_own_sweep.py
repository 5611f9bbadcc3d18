"""A sweep that exists, with Optuna: each of its trials watched, and where it is safe.

    python examples/my_own_sweep.py [FOLDER]

The lines that were added to the sweep end in `# watch`. Several processes may run it at once, on
one storage of Optuna's; the folder of runs is all that they share with the study.
"""

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
import torch
from sklearn.datasets import load_digits
from torch import nn

import study  # watch

TRIALS, STEPS = 24, 60


# %% The sweep as it was: a loop that trains, and an objective that is the loss at its end
def objective(trial: optuna.Trial, runs: Path) -> float:
    rate = trial.suggest_float("learning_rate", 1e-3, 30.0, log=True)
    depth = trial.suggest_int("depth", 1, 6)
    torch.manual_seed(trial.number)
    digits = load_digits()
    images = torch.tensor(digits.data, dtype=torch.float32) / 16
    labels = torch.tensor(digits.target)
    hidden = [part for _ in range(depth) for part in (nn.Linear(64, 64), nn.ReLU())]
    model = nn.Sequential(*hidden, nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    tables = runs / f"trial-{trial.number}"  # watch
    watch = study.watch(model, optimizer, config=trial.params, tables=tables)  # watch
    for _ in range(STEPS):
        rows = torch.randint(len(images), (64,))
        loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)  # watch
    watch.close()  # watch
    return loss.item()


def main(folder: Path) -> optuna.Study:
    """Runs the sweep, makes a study of its runs, and writes the study's report."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sweep = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    # A loss that is no number fails a trial; its run is kept all the same.
    sweep.optimize(lambda trial: objective(trial, folder / "runs"), n_trials=TRIALS)
    print(f"Optuna's best: loss {sweep.best_value:.3g} at {sweep.best_params}")
    home = ["--home", str(folder)]
    gradscape(["import", "my-sweep", str(folder / "runs"), *home])
    gradscape(["report", "my-sweep", *home])
    return sweep


# %% The commands `gradscape import` and `gradscape report`, as in a terminal
def gradscape(arguments: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "study", *arguments], check=True)


# %%
if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()))
