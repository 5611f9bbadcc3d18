"""Connecting to a cluster, if it is safe to."""

from __future__ import annotations

from search_spaces.errors import InputError
from study.errors import TokenWanted
from study.jobs.address import OPTION, ClusterAddress
from study.jobs.jobs_api import JobsApi
from study.jobs.token import ray_token


def connect(address: ClusterAddress, *, insecure: bool = False) -> JobsApi:
    """The Jobs API of a cluster, which answers and takes the token.

    Whoever reaches a Jobs API without a token runs code on the cluster (CVE-2023-48022). So the
    cluster is asked without one first, and must refuse.

    Args:
        address: Address of the cluster as a person gave it.
        insecure: Use a cluster that takes jobs from everybody.

    Raises:
        InputError: If the cluster takes jobs from everybody and can be reached by others, or
            wants a token and there is none, or another.
        ClusterUnavailable: If it does not answer.
    """
    without_token = JobsApi(address)
    try:
        without_token.check()
    except TokenWanted as refusal:
        token = ray_token()
        if token is None:
            raise refusal
        api = JobsApi(address, token)
        api.check()
        return api
    if not (address.is_loopback or insecure):
        raise InputError(
            f"{address.url} takes jobs, and so any code, from whoever reaches it; start its nodes "
            f"with RAY_AUTH_MODE=token, go through a tunnel (ssh -L 8265:localhost:8265 "
            f"{address.host}), or accept that with --insecure",
            key=OPTION,
        )
    return without_token
