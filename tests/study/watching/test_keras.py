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


COMPILED = """
import keras
import numpy as np
from study.watching.callbacks.keras import WatchCallback

RATE, CLIP = 0.1, 0.3
SGD, Scaled = keras.optimizers.SGD, keras.optimizers.LossScaleOptimizer
rng = np.random.default_rng(0)
inputs, labels = rng.normal(size=(256, 12)).astype("float32"), rng.integers(4, size=256)

def build(*hidden):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([*hidden, keras.layers.Dense(4)])
    model.build((None, 12))
    return model

def fit(model, optimizer, *callbacks):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    history = model.fit(inputs, labels, batch_size=64, epochs=2, verbose=0, shuffle=False,
                        callbacks=[*callbacks])
    return history.history

def noisy():
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return build(layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dropout(0.1))
"""

NUMBERS = """
# A linear model: the gradient of its first step by hand, the others from how far it moved.
model, watching = build(), WatchCallback(every=1)
kernel, bias = model.get_weights()
history = fit(model, SGD(RATE, global_clipnorm=CLIP), watching)
assert set(history) == {"loss"}, history
result = watching.result()
steps, rows = result.steps, result.layers
scores = inputs[:64] @ kernel + bias
shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
error = (shares - np.eye(4)[labels[:64]]) / 64
gradient = inputs[:64].T @ error
norm = np.sqrt(np.sum(gradient ** 2) + np.sum(error.sum(axis=0) ** 2))
assert np.isclose(steps["grad_norm"][0], norm, rtol=1e-5), (steps["grad_norm"][0], norm)
assert np.isclose(steps["clip_factor"][0], CLIP / norm, rtol=1e-5)
assert np.isclose(rows["weight_grad_rms"][0], np.sqrt(np.mean(gradient ** 2)), rtol=1e-5)
moved = rows["update_ratio"] * rows["weight_rms"]
used = RATE * rows["weight_grad_rms"] * steps["clip_factor"]
assert np.allclose(moved, used, rtol=1e-3), (moved.tolist(), used.tolist())
losses = steps["loss"].to_numpy().reshape(2, 4).mean(axis=1)
assert np.allclose(losses, history["loss"], rtol=1e-5)
assert np.isclose(rows["weight_rms"][0], np.sqrt(np.mean(kernel ** 2)), rtol=1e-5)
assert "gradients of weights, clipping" in str(result)
# The factor of mixed precision is no part of a gradient.
scaled, watching = build(), WatchCallback(every=1)
fit(scaled, Scaled(SGD(RATE), initial_scale=1024.0), watching)
assert np.isclose(watching.result().steps["grad_norm"][0], norm, rtol=1e-5)
"""

UNCHANGED = """
for optimizer in (
    lambda: SGD(RATE, momentum=0.9, global_clipnorm=CLIP),
    lambda: keras.optimizers.Adam(0.01, clipvalue=0.01),
    lambda: Scaled(SGD(RATE), initial_scale=1024.0),
):
    watched, alone = noisy(), noisy()
    watched.layers[0].trainable = alone.layers[0].trainable = False
    watching = WatchCallback(every=1)
    assert fit(watched, optimizer(), watching) == fit(alone, optimizer())
    for one, other in zip(watched.get_weights(), alone.get_weights()):
        np.testing.assert_array_equal(one, other)
    assert "requires_grad is False" in str(watching.result())
    left = vars(watched).keys() | vars(watched.optimizer).keys()
    assert not {"train_step", "apply", "stateless_apply"} & left
# What is fitted again, unwatched, goes on.
assert fit(watched, optimizer()) == fit(alone, optimizer())
"""

TOLD = """
@keras.saving.register_keras_serializable()
class Root(keras.layers.Layer):
    def call(self, values):
        return values + keras.ops.sqrt(keras.ops.square(0.0 * values))

model, watching = build(keras.layers.Dense(8, name="first"), Root()), WatchCallback()
fit(model, SGD(RATE), watching)
result = watching.result()
assert result.trials["failure_origin"][0] == "gradient", str(result)
assert result.trials["failure_tensor"][0].endswith("first/bias"), str(result)

class Own(keras.Sequential):
    def train_step(self, *args):
        return super().train_step(*args)

model, watching = Own([keras.layers.Dense(4)]), WatchCallback()
model.build((None, 12))
fit(model, SGD(RATE), watching)
assert "a train_step of its own" in str(watching.result())
assert watching.result().steps["grad_norm"].isna().all()
wild = WatchCallback()
fit(noisy(), SGD(1e8, momentum=0.9), wild)
assert (wild.result().verdict, wild.result().cause) == ("exploding", "large_steps")
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
@pytest.mark.parametrize("code", [NUMBERS, UNCHANGED, TOLD], ids=["numbers", "unchanged", "told"])
def test_where_keras_compiles_the_step(code: str, backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    done = subprocess.run(
        [sys.executable, "-c", COMPILED + code],
        env={**os.environ, "KERAS_BACKEND": backend, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
