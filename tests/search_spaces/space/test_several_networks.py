"""Several networks in one study: one more axis; what some of them lack applies to the others."""

from __future__ import annotations

import pytest

from search_spaces import InputError, SearchSpace, build_space
from search_spaces.catalogue import joined_networks, network_of

GATED = joined_networks(["rnn", "lstm", "gru"])


def space(given: dict[str, object], network: str = GATED, task: str = "adding") -> SearchSpace:
    return build_space(given, network=network, task=task)


def test_each_network_has_what_it_has_alone() -> None:
    given = {"activation": ["tanh", "relu"], "width": 16, "learning_rate": 0.1}
    several = space(given)
    assert several.axes.keys() == {"network", "activation"}
    for name in ("rnn", "lstm", "gru"):
        own = given if name == "rnn" else given | {"activation": None}
        alone = space({key: value for key, value in own.items() if value is not None}, name)
        chosen = {"activation": "relu"} if name == "rnn" else {}
        values = several.complete({"network": name, **chosen})
        assert network_of(GATED, values) == name
        assert values == {"network": name, **alone.complete(chosen)}
        assert several.resolve({"network": name, **chosen}) == values


def test_networks_train_in_cohorts_of_their_own_and_all_are_corners() -> None:
    several = space({"learning_rate": {"low": 0.01, "high": 1.0, "log": True}})
    corners = list(several.corners())
    assert [each["network"] for each in corners] == ["rnn", "lstm", "gru"]
    assert len({several.cohort_key(each) for each in corners}) == 3


def test_a_space_is_made_again_of_its_metadata() -> None:
    several = space({"activation": ["tanh", "relu"]})
    written = {
        name: entry["choices"] if entry["kind"] == "choice" else entry["value"]
        for name, entry in several.metadata().items()
    }
    assert several.differences(space(written)) == []


@pytest.mark.parametrize(
    ("network", "task", "given", "error"),
    [
        (
            ["cnn", "resnet"],
            "digits",
            {},
            "hyperparameters.normalization: must be given, since networks differ in its default: "
            "none of cnn, batch of resnet",
        ),
        (
            ["lstm", "gru"],
            "adding",
            {"activation": "tanh"},
            "hyperparameters.activation: network lstm, gru has no activation; ",
        ),
    ],
)
def test_what_they_do_not_agree_in_is_asked_for(network, task, given, error) -> None:
    with pytest.raises(InputError) as caught:
        space(given, joined_networks(network), task)
    assert str(caught.value).startswith(error)


def test_what_applies_to_none_of_them_needs_no_value() -> None:
    """The width at which mup equals the standard differs, and nobody asked for mup."""
    networks = joined_networks(["mlp", "cnn"])
    assert "base_width" not in space({"width": 8}, networks, "digits").fixed
    with pytest.raises(InputError, match="64 of mlp, 16 of cnn"):
        space({"width": 8, "parametrization": "mup"}, networks, "digits")
