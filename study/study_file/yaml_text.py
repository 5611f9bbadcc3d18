"""YAML text to a mapping, with errors that name line and column."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from search_spaces.errors import InputError
from search_spaces.values import show

_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


class _StudyLoader(yaml.SafeLoader):
    """Refuses aliases, and repeated keys, of which YAML silently takes the last.

    Numbers that YAML 1.1 and 1.2 read as different ones are asked about, and dates are text.
    """

    # PyYAML reads YAML 1.1, in which 2024-01-01 is a date; a study file has none.
    yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """The number that a plain scalar spells, if it spells one number only."""
        is_float = node.tag.endswith("float")
        number = self.construct_yaml_float(node) if is_float else self.construct_yaml_int(node)
        if _OCTAL.fullmatch(node.value) and int(node.value) != number:
            raise InputError(
                f"{node.value} may mean {int(node.value)} or, octal as in YAML 1.1, {number} "
                f"({_at(node.start_mark)}); write the one that you mean"
            )
        if _SEXAGESIMAL.fullmatch(node.value):
            raise InputError(
                f"{node.value} is {number} in YAML 1.1, which counts in sixties, and text in "
                f"YAML 1.2 ({_at(node.start_mark)}); write the number, or the text in quotes"
            )
        return number

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()
            raise InputError(
                f"aliases (*name) are not allowed in a study file ({_at(event.start_mark)})"
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Hashable, yaml.Mark] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise InputError(
                    f"keys must be text, but got {show(key)} ({_at(key_node.start_mark)}); "
                    f"put it in quotes"
                )
            if key in seen:
                raise InputError(
                    f"stands twice: {_at(seen[key])} and {_at(key_node.start_mark)}", key=key
                )
            seen[key] = key_node.start_mark
        return super().construct_mapping(node, deep=deep)


for _tag in ("int", "float"):
    _StudyLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _StudyLoader.construct_number)


def parse_study_text(text: str) -> dict[str, Any]:
    """The mapping at the top of a study file.

    Raises:
        InputError: If the text is no YAML, no mapping, or repeats a key.
    """
    try:
        values = yaml.load(text, Loader=_StudyLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" ({_at(mark)})" if mark else ""
        raise InputError(f"broken YAML: {error.problem or error.context}{where}") from None
    except yaml.YAMLError as error:
        raise InputError(f"broken YAML: {' '.join(str(error).split())}") from None
    except InputError:
        raise
    except (RecursionError, ValueError) as error:
        raise InputError(f"broken YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"must be a mapping of keys to values, but got {show(values)}")
    return values


def _at(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
