"""`--map` and `--where`: which maps a report draws, of which trials."""

from __future__ import annotations

from collections.abc import Sequence

from search_spaces.errors import InputError


def read_maps(texts: Sequence[str]) -> list[tuple[str, str | None]]:
    """`learning_rate,depth` as a pair of names, `depth` as one name.

    Raises:
        InputError: If there are more than two names, or an empty one.
    """
    maps: list[tuple[str, str | None]] = []
    for text in texts:
        names = [name.strip() for name in text.split(",")]
        if len(names) > 2 or not all(names):
            raise InputError(
                f"must be one or two hyperparameters, as in learning_rate,depth, but got {text!r}",
                key="--map",
            )
        maps.append((names[0], names[1] if len(names) == 2 else None))
    return maps


def read_where(texts: Sequence[str]) -> dict[str, object]:
    """`activation=tanh` as a value by name; `activation=tanh,relu` as a list of values.

    Raises:
        InputError: If one is no NAME=VALUE, or a name comes twice.
    """
    where: dict[str, object] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        values = [choice.strip() for choice in value.split(",")]
        if not (name and equals and all(values)):
            raise InputError(
                f"must be NAME=VALUE or NAME=VALUE,VALUE, but got {text!r}", key="--where"
            )
        if name in where:
            raise InputError(
                f"{name} comes twice; {name}={value},... takes several values", key="--where"
            )
        where[name] = values if len(values) > 1 else values[0]
    return where
