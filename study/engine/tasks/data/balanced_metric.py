"""A measure of success in which each label counts the same, however rare it is."""

from __future__ import annotations

from dataclasses import replace

from study.engine.tasks.data.data_faults import is_unbalanced
from study.engine.tasks.data.weighted import Weighted, label_weights
from study.engine.tasks.error import DataError
from study.engine.tasks.task import WORKED_OUT, Task


def balanced_metric_task(task: Task) -> Task | None:
    """Makes the same task with the mean over the labels of its metric among each of them.

    Accuracy becomes balanced accuracy: who always gives the answer of 98 % of the examples is
    right in one of two labels. `chance` is worked out again; `target` is the same share of the way
    from there to the ceiling.

    Args:
        task: Stays as it is.

    Returns:
        None where the metric would stay what it is, for labels are about as frequent as each
        other, there are none, or the metric weights them already; and where it cannot be
        weighted: an example has several labels and one value, or weighted values pass the ceiling.

    References:
        Brodersen et al., The Balanced Accuracy and Its Posterior Distribution, ICPR 2010.
    """
    if task.feed is not None or isinstance(task.metric, Weighted) or not is_unbalanced(task):
        return None
    way = (task.target - task.chance) / (task.ceiling - task.chance)
    metric = Weighted(task.metric, *label_weights(task.targets), level=task.ceiling)
    try:
        made = replace(
            task,
            metric=metric,
            metric_name=f"balanced {task.metric_name}",
            chance=WORKED_OUT,
            target=WORKED_OUT,
        )
    except (DataError, RuntimeError):
        return None
    return replace(made, target=made.chance + way * (made.ceiling - made.chance))
