"""The exchange's rules, without the actor around it."""

from __future__ import annotations

import asyncio

import pytest

from study.dispatch.tune.exchange import Exchange
from study.trial import Cohort, Trial


def cohort(number: int) -> Cohort:
    trial = Trial(number=number, configuration=number, seed=0, hyperparameters={"depth": 2})
    return Cohort(number=number, trials=(trial,))


def test_tables_that_arrived_count_though_their_worker_is_lost_afterwards():
    async def scene():
        exchange = Exchange(capacity=4)
        await exchange.publish(cohort(7))
        assert await exchange.fetch(7) == cohort(7)
        await exchange.deliver(7, b"tables")
        assert (await exchange.revoke(7)).arrived
        assert (await exchange.collect(0.0)).tables == [(7, b"tables")]

    asyncio.run(scene())


def test_a_revoked_cohort_that_comes_late_is_ignored():
    async def scene():
        exchange = Exchange(capacity=4)
        await exchange.publish(cohort(7))
        assert not (await exchange.revoke(7)).arrived
        await exchange.deliver(7, b"late")
        assert (await exchange.collect(0.0)).tables == []

    asyncio.run(scene())


def test_tables_are_taken_once():
    async def scene():
        exchange = Exchange(capacity=4)
        await exchange.publish(cohort(7))
        await exchange.deliver(7, b"first")
        await exchange.deliver(7, b"second")
        assert (await exchange.collect(0.0)).tables == [(7, b"first")]
        assert (await exchange.collect(0.0)).tables == []

    asyncio.run(scene())


def test_workers_wait_while_the_exchange_is_full():
    async def scene():
        exchange = Exchange(capacity=1)
        for number in (1, 2):
            await exchange.publish(cohort(number))
        await exchange.deliver(1, b"one")
        waiting = asyncio.create_task(exchange.deliver(2, b"two"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.05)
        # It has arrived all the same: losing its worker now loses nothing.
        assert (await exchange.revoke(2)).arrived
        assert (await exchange.collect(1.0)).tables == [(1, b"one")]
        assert (await exchange.collect(1.0)).tables == [(2, b"two")]
        await waiting

    asyncio.run(scene())


def test_a_worker_that_asks_before_its_cohort_is_published_waits():
    async def scene():
        exchange = Exchange(capacity=1)
        early = asyncio.create_task(exchange.fetch(3))
        await asyncio.sleep(0)
        await exchange.publish(cohort(3))
        assert await early == cohort(3)

    asyncio.run(scene())
