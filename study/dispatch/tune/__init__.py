"""Cohorts as trials of Ray Tune: the searcher, the actors that train, and how they die."""
