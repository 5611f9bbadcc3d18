"""The bands and intervals hold the truth as often as they say; the benchmark has all kinds."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tests.support.repository import BENCHMARKS

BENCHMARK = BENCHMARKS / "report_coverage.py"


@pytest.fixture(scope="module")
def benchmark_of_coverage() -> ModuleType:
    spec = importlib.util.spec_from_file_location("report_coverage", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules["report_coverage"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_a_few_studies_are_covered(benchmark_of_coverage):
    row = benchmark_of_coverage.coverage("logistic", 200, 10)
    # Of a band that holds 95 %, less than 8 of 10 are one chance in 80.
    assert row["band"] >= 0.8 and row["limits"] > 0.85
    assert row["smoothed"] > 0.9 and row["smoothed_width"] < 0.6 * row["raw_width"]
    assert row["band_width"] < 2, "a band of everything would cover, and say nothing"


def test_the_benchmark_notices_a_band_that_misses(benchmark_of_coverage):
    kind = benchmark_of_coverage.KINDS["logistic"]
    band = pd.DataFrame(
        {"y_value": benchmark_of_coverage.DEPTHS, "low": 1e-4, "high": 10.0}, dtype=float
    )
    assert benchmark_of_coverage._band(kind, band)[0]
    edge = 10 ** benchmark_of_coverage.crossings(kind, 8.0)
    assert edge.item() == pytest.approx(10**-0.9, rel=1e-3)
    band.loc[2, "high"] = edge.item() * 0.99
    assert not benchmark_of_coverage._band(kind, band)[0]


def test_the_average_of_the_nuisance_is_that_of_its_trials(benchmark_of_coverage):
    kind = benchmark_of_coverage.KINDS["nuisance"]
    trials = benchmark_of_coverage.simulate(kind, 200_000, np.random.default_rng(0))
    near = np.abs(np.log10(trials["learning_rate"]) + 1.3) < 0.05
    seen = trials[near & (trials["depth"] == 8)]["verdict"] == "stable"
    expected = kind.chance(np.linspace(-1.35, -1.25, 101), np.full(101, 8.0)).mean()
    assert seen.mean() == pytest.approx(expected, abs=0.04)


@pytest.mark.slow
def test_of_40_studies_the_boundary_lies_in_the_band_about_as_often_as_it_says(
    benchmark_of_coverage,
):
    row = benchmark_of_coverage.coverage("logistic", 512, 40)
    # Of 40 bands that hold 95 %, less than 34 is one chance in 300. 200 studies: the benchmark.
    assert row["band"] >= 34 / 40
    # Cells and limits: about 25 and 5 a study.
    assert 0.90 <= row["smoothed"] <= 0.99 and 0.90 <= row["limits"] <= 0.99
