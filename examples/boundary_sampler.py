"""Where does an objective of one's own stop working? The boundary sampler in a plain Optuna study.

python examples/boundary_sampler.py
"""

# %%
import optuna

from search_spaces.samplers import BoundarySampler

optuna.logging.set_verbosity(optuna.logging.WARNING)

# %% Somebody else's objective: gradient descent on a valley, which diverges where steps are long
CURVATURES = (1.0, 25.0)


def objective(trial: optuna.Trial) -> float:
    rate = trial.suggest_float("rate", 1e-3, 1.0, log=True)
    momentum = 0.0
    if trial.suggest_categorical("method", ["plain", "heavy_ball"]) == "heavy_ball":
        momentum = trial.suggest_float("momentum", 0.0, 0.95)
    at, speed = [1.0, 1.0], [0.0, 0.0]
    for _ in range(200):
        for axis, curvature in enumerate(CURVATURES):
            speed[axis] = momentum * speed[axis] - rate * curvature * at[axis]
            at[axis] += speed[axis]
    loss = sum(c * x * x / 2 for c, x in zip(CURVATURES, at, strict=True))
    trial.set_user_attr("verdict", "stable" if loss < 1.0 else "diverged")
    return min(loss, 1e6)


# %% 64 trials fill the space; then seven of eight go to where the verdict changes
study = optuna.create_study(sampler=BoundarySampler(seed=0))
study.optimize(objective, n_trials=128)

# %% Theory: stable up to 2 (1 + momentum) / 25
for design in ("space-filling", "boundary"):
    placed = [t for t in study.trials if t.system_attrs["boundary:design"] == design]
    limits = [2 * (1 + t.params.get("momentum", 0.0)) / max(CURVATURES) for t in placed]
    near = [
        0.5 < trial.params["rate"] / limit < 2.0
        for trial, limit in zip(placed, limits, strict=True)
    ]
    share = sum(near) / len(near)
    print(f"{design}: {len(near)} trials, {share:.0%} within a factor of 2 of the limit")
