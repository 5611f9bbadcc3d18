"""The probability of each verdict at any configuration of a study's space, from all its trials."""

from analysis.stability_model.model import StabilityModel, stability_model

__all__ = ["StabilityModel", "stability_model"]
