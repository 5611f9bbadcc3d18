from __future__ import annotations

import pytest
import torch

from study.engine.cohort import chunks


@pytest.mark.parametrize("size", [1, 6, 7, 12, 30, 60, 10**6])
@pytest.mark.parametrize("shape", [(4, 5, 3, 2), (1, 5, 6), (3, 5)])
def test_every_number_is_in_one_piece_with_the_numbers_beside_it(
    shape: tuple[int, ...], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", size)
    block = torch.zeros(shape)
    numbers = torch.arange(float(block.numel())).view(shape)
    trials = torch.arange(float(shape[1])).view(1, -1, *(1,) * (len(shape) - 2)).expand(shape)
    one_trial = block[0, 0].numel()
    for slots, (piece, values, trial) in chunks.chunks((block, numbers, trials)):
        assert piece.numel() <= max(size, one_trial)
        assert torch.equal(trial, trials[:1, slots].expand_as(trial))
        piece += values + 1
    assert torch.equal(block, numbers + 1)


def test_devices_other_than_a_cpu_get_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 1)
    block = torch.zeros(4, 5, 6, device="meta")
    ((slots, (piece,)),) = chunks.chunks((block,))
    assert piece is block and slots == slice(None)
