"""Domains that several hyperparameters share."""

from __future__ import annotations

from search_spaces.catalogue.hyperparameter import Interval

POSITIVE = Interval(low=0, low_open=True)
NOT_NEGATIVE = Interval(low=0)
COUNT = Interval(low=1)
BELOW_ONE = Interval(low=0, high=1, high_open=True)
