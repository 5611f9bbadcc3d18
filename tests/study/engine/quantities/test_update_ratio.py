from __future__ import annotations

import numpy as np
import torch

from study.engine.quantities.update_ratio import joint_update_ratio, update_ratio


def test_of_each_parameter_and_of_all_together() -> None:
    random = np.random.default_rng(0)
    before = [random.normal(size=(3, *shape)) for shape in ((4, 2), (4,))]
    after = [value + 0.1 * random.normal(size=value.shape) for value in before]

    def norms(values: list[np.ndarray]) -> torch.Tensor:
        return torch.tensor(
            np.array([[np.linalg.norm(one) for one in parameter] for parameter in values])
        )

    updates = norms([new - old for old, new in zip(before, after, strict=True)])
    sizes = norms(before)
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        expected = [np.linalg.norm(new[k] - old[k]) / np.linalg.norm(old[k]) for k in range(3)]
        np.testing.assert_allclose(update_ratio(updates, sizes)[index], expected)
    flat, changed = (
        np.concatenate([value.reshape(3, -1) for value in values], axis=1)
        for values in (before, after)
    )
    expected = np.linalg.norm(changed - flat, axis=1) / np.linalg.norm(flat, axis=1)
    np.testing.assert_allclose(joint_update_ratio(updates, sizes), expected)


def test_of_parameters_of_zero() -> None:
    updates, sizes = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 1.0]])
    got = update_ratio(updates, sizes)[0]
    assert got[0] == torch.inf and got[1].isnan() and got[2] == 0
