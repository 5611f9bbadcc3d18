"""Keras models as people write them, and torch twins of some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from torch import nn

from study.engine import Task

keras = pytest.importorskip(
    "keras", reason="Keras is not installed: pip install 'gradscape[keras]'"
)
layers = keras.layers

Values = Mapping[str, Any]


def dense(hyperparameters: Values, task: Task) -> Any:
    """Activations inside, as a layer of its own, and none."""
    return keras.Sequential(
        [
            layers.Flatten(),
            layers.Dense(16, activation="tanh"),
            layers.Dense(14),
            layers.ReLU(),
            layers.Dense(12, activation=layers.LeakyReLU(negative_slope=0.1)),
            layers.Dense(task.outputs),
        ]
    )


def dense_in_torch(hyperparameters: Values, task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(task.features, 16),
        nn.Tanh(),
        nn.Linear(16, 14),
        nn.ReLU(),
        nn.Linear(14, 12),
        nn.LeakyReLU(0.1),
        nn.Linear(12, task.outputs),
    )


def _convolutional(task: Task, order: str) -> Any:
    channels, rows, columns = task.inputs.shape[1:]
    inputs = keras.Input((channels, rows, columns))
    hidden = layers.Permute((2, 3, 1))(inputs) if order == "channels_last" else inputs
    hidden = layers.Conv2D(6, 3, activation="relu", data_format=order)(hidden)
    hidden = layers.Conv2D(5, (3, 2), strides=2, data_format=order)(hidden)
    hidden = layers.Activation("relu")(hidden)
    if order == "channels_last":
        hidden = layers.Permute((3, 1, 2))(hidden)
    return keras.Model(inputs, layers.Dense(task.outputs)(layers.Flatten()(hidden)))


def channels_last(hyperparameters: Values, task: Task) -> Any:
    return _convolutional(task, "channels_last")


def channels_first(hyperparameters: Values, task: Task) -> Any:
    return _convolutional(task, "channels_first")


def convolutional_in_torch(hyperparameters: Values, task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3),
        nn.ReLU(),
        nn.Conv2d(6, 5, (3, 2), stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(5 * 2 * 3, task.outputs),
    )


def residual(hyperparameters: Values, task: Task) -> Any:
    """Images with batch normalization, a shortcut, pooling."""
    inputs = keras.Input(task.inputs.shape[1:])
    hidden = layers.Permute((2, 3, 1))(inputs)
    stem = layers.Conv2D(4, 3, padding="same", name="stem")(hidden)
    branch = layers.ReLU()(layers.BatchNormalization()(stem))
    branch = layers.SeparableConv2D(4, 3, padding="same")(branch)
    hidden = layers.Add()([stem, branch])
    hidden = layers.DepthwiseConv2D(3, activation="silu")(hidden)
    hidden = layers.Conv2DTranspose(3, 2, strides=2)(hidden)
    hidden = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, layers.Dense(task.outputs, name="readout")(hidden))


class Mine(layers.Layer):  # type: ignore[misc, name-defined]
    """The layer of Keras' guides: its variables have no names."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="he_normal")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return keras.ops.tanh(keras.ops.matmul(inputs, self.w) + self.b)


class Subclassed(keras.Model):  # type: ignore[misc, name-defined]
    """A model with a `call` of its own, layers in a list, one of them used twice."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.flatten = layers.Flatten()
        self.blocks = [Mine(12), layers.Dense(12, activation="gelu")]
        self.readout = layers.Dense(outputs)

    def call(self, inputs: Any) -> Any:
        hidden = self.flatten(inputs)
        for block in (*self.blocks, self.blocks[1]):
            hidden = block(hidden)
        return self.readout(hidden)


def subclassed(hyperparameters: Values, task: Task) -> Any:
    return Subclassed(task.outputs)


def _recurrent(task: Task, cell: Any) -> Any:
    rows, columns = task.inputs.shape[-2:]
    return keras.Sequential(
        [layers.Reshape((rows, columns)), cell, layers.Dense(task.outputs, name="readout")]
    )


def simple_rnn(hyperparameters: Values, task: Task) -> Any:
    return _recurrent(task, layers.SimpleRNN(7))


def lstm(hyperparameters: Values, task: Task) -> Any:
    return _recurrent(task, layers.LSTM(7))


def gru(hyperparameters: Values, task: Task) -> Any:
    return _recurrent(task, layers.GRU(7))


def attention(hyperparameters: Values, task: Task) -> Any:
    inputs = keras.Input(task.inputs.shape[1:])
    rows = layers.Dense(8)(layers.Reshape(task.inputs.shape[-2:])(inputs))
    seen = layers.MultiHeadAttention(num_heads=2, key_dim=3, name="attention")(rows, rows)
    hidden = layers.LayerNormalization()(layers.Add()([rows, seen]))
    return keras.Model(inputs, layers.Dense(task.outputs)(layers.Flatten()(hidden)))


def dropout(hyperparameters: Values, task: Task) -> Any:
    """Its seed is the author's."""
    return keras.Sequential(
        [
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.3, seed=1),
            layers.Dense(task.outputs),
        ]
    )


def noise(hyperparameters: Values, task: Task) -> Any:
    return keras.Sequential(
        [layers.Flatten(), layers.GaussianNoise(0.3), layers.Dense(task.outputs)]
    )


class GlobalNoise(layers.Layer):  # type: ignore[misc, name-defined]
    """Draws from Keras' global generator."""

    def call(self, inputs: Any) -> Any:
        return inputs + 0.3 * keras.random.normal(keras.ops.shape(inputs))


def global_noise(hyperparameters: Values, task: Task) -> Any:
    return keras.Sequential([layers.Flatten(), GlobalNoise(), layers.Dense(task.outputs)])


def frozen(hyperparameters: Values, task: Task) -> Any:
    """Fixed random features."""
    features = layers.Dense(16, activation="tanh", trainable=False)
    return keras.Sequential([layers.Flatten(), features, layers.Dense(task.outputs)])


class Centred(layers.Layer):  # type: ignore[misc, name-defined]
    """Subtracts a running mean, which training reads."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.mean = self.add_weight(
            name="mean", shape=input_shape[-1:], initializer="zeros", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        self.mean.assign(0.9 * self.mean + 0.1 * keras.ops.mean(inputs, axis=0))
        return inputs - self.mean


def counting(hyperparameters: Values, task: Task) -> Any:
    return keras.Sequential(
        [layers.Flatten(), layers.Dense(16), Centred(), layers.Dense(task.outputs)]
    )


def tokens(hyperparameters: Values, task: Task) -> Any:
    """For a task of tokens."""
    return keras.Sequential(
        [
            layers.Embedding(int(task.vocabulary or 0), 6),
            layers.GlobalAveragePooling1D(),
            layers.Dense(task.outputs),
        ]
    )
