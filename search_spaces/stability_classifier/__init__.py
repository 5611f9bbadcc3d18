"""The probability of each verdict at any setting of a search space, from trials anywhere in it.

The one model of the boundary sampler, the report and `gradscape predict`. It knows numbers, not
tables: it imports neither pandas nor torch.
"""

from search_spaces.stability_classifier.axes import Axis, Encoder
from search_spaces.stability_classifier.classifier import Counts, VerdictClassifier
from search_spaces.stability_classifier.fitting import HeldOut, fit_classifier
from search_spaces.stability_classifier.latent import Latent, fit_latent

__all__ = [
    "Axis",
    "Counts",
    "Encoder",
    "HeldOut",
    "Latent",
    "VerdictClassifier",
    "fit_classifier",
    "fit_latent",
]
