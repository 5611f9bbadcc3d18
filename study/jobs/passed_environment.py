"""Variables of a person's environment that go to a job, and those that must not."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from search_spaces.errors import InputError
from study.secrets import is_secret_name, redacted

OPTION, VISIBLE_OPTION = "--env", "--env-visible"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CLUSTERS_OWN = re.compile(r"RAY_AUTH_|RAY_ADDRESS$|RAY_JOB_CONFIG")


def passed_environment(names: Sequence[str], visible: Sequence[str] = ()) -> dict[str, str]:
    """The variables that a job gets.

    Ray shows them to whoever may list the cluster's jobs, and writes them into its nodes' logs.
    So what looks like a secret is passed only if its name is given as `visible`.

    Args:
        names: Names of variables of this process.
        visible: Names of those whose values may be shown.

    Raises:
        InputError: If one is not set, would not arrive as it is, or looks like a secret.
    """
    found = {name: _value(name, OPTION) for name in names}
    for name, value in found.items():
        if name not in visible and _is_secret(name, value):
            raise InputError(
                f"{name} looks like a secret, and Ray shows a job's variables to whoever may list "
                f"jobs and keeps them in its logs; set it on the cluster's nodes before `ray "
                f"start`, or pass it all the same with {VISIBLE_OPTION} {name}",
                key=OPTION,
            )
    return {**found, **{name: _value(name, VISIBLE_OPTION) for name in visible}}


def _is_secret(name: str, value: str) -> bool:
    return is_secret_name(name) or redacted(value) != value


def _value(name: str, option: str) -> str:
    if not _NAME.fullmatch(name):
        # What came is not shown: NAME=VALUE may hold a secret.
        raise InputError(
            "must be the name of an environment variable, without a value", key=option
        )
    if _CLUSTERS_OWN.match(name):
        raise InputError(f"{name} is the cluster's own; a job finds it there", key=option)
    value = os.environ.get(name)
    if value is None:
        raise InputError(f"environment variable {name} is not set", key=option)
    if "$" in value:
        raise InputError(
            f"the value of {name} must hold no $: Ray would replace variables in it", key=option
        )
    return value
