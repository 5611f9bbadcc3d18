"""Activations of the theory, against torch's functions and its autograd."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from search_spaces import InputError
from search_spaces.catalogue.architecture import ACTIVATIONS as NAMES
from search_spaces.theory.activations import ACTIVATIONS, activation_named
from study.engine.activations import ACTIVATIONS as OF_TORCH
from study.engine.quantities.saturation import saturated_fraction

POINTS = np.concatenate(
    [np.linspace(-60, 60, 2001), [-1e6, -1.0, 0.0, 1.0, 20.0, 1e6], np.geomspace(1e-8, 1, 20)]
)


def test_every_activation_of_the_catalogue_has_its_theory():
    assert set(ACTIVATIONS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_functions_and_derivatives_are_torchs(name):
    h = torch.tensor(POINTS, requires_grad=True)
    output = OF_TORCH[name].module()(h * 1)
    (derivative,) = torch.autograd.grad(output.sum(), h)
    ours = activation_named(name)
    np.testing.assert_allclose(ours.function(POINTS), output.detach(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.derivative(POINTS), derivative, rtol=1e-12, atol=1e-12)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="unknown activation 'rleu'; did you mean 'relu'"):
        activation_named("rleu")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_saturation_is_what_the_layers_table_counts(name):
    """The share of flat activations, against the engine's own count of a million of them."""
    h = torch.linspace(-14, 14, 1_000_003, dtype=torch.float64)
    theirs = float(saturated_fraction(OF_TORCH[name].module()(h.clone())[None], name))
    flat = ACTIVATIONS[name].flat
    assert (flat is None) == math.isnan(theirs)
    if flat is not None:
        ours = float(((h < flat[0]) | (h > flat[1])).double().mean())
        assert ours == pytest.approx(theirs, abs=1e-5)
