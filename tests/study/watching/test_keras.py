"""The Keras callback, against a plain watch of the same training in torch."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import study
from tests.study.watching.loops import data

keras = pytest.importorskip(
    "keras", reason="Keras is not installed: pip install 'gradscape[keras]'"
)

EPOCHS, BATCH, CLIP = 3, 64, 0.3


def fit(model: Any, *callbacks: Any) -> list[float]:
    """Trains as `fit` does, in the order of the data; returns the loss of each epoch."""
    keras.utils.set_random_seed(1)
    inputs, labels = (part.numpy() for part in data())
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=CLIP),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    history = model.fit(
        *(inputs, labels),
        epochs=EPOCHS,
        batch_size=BATCH,
        shuffle=False,
        verbose=0,
        validation_split=0.25,
        callbacks=list(callbacks),
    )
    return history.history["loss"]


def test_it_sees_what_a_watch_of_the_same_training_in_torch_does() -> None:
    from study.watching.callbacks.keras import WatchCallback

    layers = keras.layers
    model = keras.Sequential(
        [layers.Dense(32, activation="relu"), layers.Dense(16), layers.ReLU()]
    )
    model.add(layers.Dense(4))
    model.build((None, 12))
    twin = nn.Sequential(
        *(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4))
    )
    with torch.no_grad():
        for theirs, (kernel, bias) in zip(
            twin[::2], [each.get_weights() for each in model.layers if each.weights], strict=True
        ):
            theirs.weight.copy_(torch.tensor(kernel.T))
            theirs.bias.copy_(torch.tensor(bias))
    watching = WatchCallback()
    fit(model, watching)

    optimizer = torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9)
    watch = study.watch(twin, optimizer)
    inputs, labels = (part[: int(len(part) * 0.75)] for part in data())
    for _ in range(EPOCHS):
        for rows in torch.arange(len(inputs)).split(BATCH):
            loss = nn.functional.cross_entropy(twin(inputs[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(twin.parameters(), CLIP)
            optimizer.step()
            watch.step(loss)
    seen, plain = watching.result(), watch.result()
    assert seen.trials[["optimizer", "batch_size"]].iloc[0].tolist() == ["sgd", BATCH]
    assert len(seen.layers) == len(plain.layers) and (seen.steps["clip_factor"] < 1).any()
    for table, columns in (
        ("steps", ("loss", "grad_norm", "clip_factor", "update_ratio")),
        ("layers", ("delta_rms", "weight_rms", "preactivation_rms", "dead_fraction")),
    ):
        for column in columns:
            np.testing.assert_allclose(
                *(getattr(each, table)[column] for each in (seen, plain)),
                rtol=2e-3,
                err_msg=column,
            )


def test_with_noise_and_a_regularizer_no_number_changes_and_a_frozen_layer_is_told() -> None:
    from study.watching.callbacks.keras import WatchCallback

    def model() -> Any:
        keras.utils.set_random_seed(0)
        layers = keras.layers
        made = keras.Sequential(
            [
                layers.Dense(16, activation="relu", kernel_regularizer="l2"),
                layers.BatchNormalization(),
                layers.Dropout(0.2),
                layers.Dense(8, activation="tanh"),
                layers.Dense(4),
            ]
        )
        made.build((None, 12))
        made.layers[3].trainable = False
        return made

    alone, watched, watching = model(), model(), WatchCallback(every=1)
    losses = fit(watched, watching)
    assert fit(alone) == losses
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    result = watching.result()
    assert "what does not train: dense_1 (requires_grad is False)" in str(result)
    frozen = result.layers[result.layers["name"] == "dense_1"]["weight_rms"]
    assert frozen.nunique() == 1
    # What Keras calls the loss has the regularizer's term.
    assert losses[0] == pytest.approx(result.steps["loss"][: 384 // BATCH].mean(), rel=1e-5)
    # The model is Keras' own again.
    left = vars(watched).keys() | vars(watched.optimizer).keys()
    assert not {"call", "apply", "scale_loss"} & left


ON_JAX = """
import sys
import keras
import numpy as np
from study.watching.callbacks.keras import WatchCallback

def fit(rate, *callbacks):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([layers.Dense(16, "relu"), layers.Dropout(0.1), layers.Dense(4)])
    model.build((None, 12))
    model.layers[0].trainable = False
    first = [each.copy() for each in model.get_weights()]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), loss)
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(256, 12)), rng.integers(4, size=256)
    history = model.fit(inputs, labels, batch_size=64, epochs=2, verbose=0, callbacks=[*callbacks])
    return history.history["loss"], first, model

watching = WatchCallback(every=1)
(losses, first, model), (alone, _, _) = fit(0.1, watching), fit(0.1)
assert losses == alone, (losses, alone)
result = watching.result()
assert np.allclose(result.steps["loss"].to_numpy().reshape(2, 4).mean(axis=1), losses, rtol=1e-5)
rows = result.layers[result.layers["name"] == model.layers[2].name]
assert np.isclose(rows["weight_rms"].iloc[0], np.sqrt(np.mean(first[2] ** 2)), rtol=1e-5)
assert "compiles whole steps" in str(result) and "requires_grad is False" in str(result)
wild = WatchCallback()
fit(1e8, wild)
print(wild.result().verdict, wild.result().cause)
"""


@pytest.mark.slow
def test_on_jax_losses_weights_and_updates_are_seen_from_outside(tmp_path: Path) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("JAX is not installed: pip install jax")
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["exploding", "large_steps"]
