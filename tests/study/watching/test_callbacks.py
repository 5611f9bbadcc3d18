"""Callbacks, against the frameworks themselves: what they see is what a plain watch sees."""

from __future__ import annotations

import importlib.util
import os
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import study
from tests.study.watching.loops import data, mlp


def needs(*libraries: str) -> None:
    """Skips where a library is missing; on CI, which installs them, that is a failure."""
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        text = f"{', '.join(missing)} missing: pip install {' '.join(missing)}"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)


@pytest.mark.slow
def test_lightning_shows_what_a_plain_loop_does(tmp_path: Path) -> None:
    needs("lightning")
    import lightning.pytorch as pl

    from study.watching.callbacks.lightning import WatchCallback

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = mlp()

        def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
            inputs, labels = batch
            return nn.functional.cross_entropy(self.network(inputs), labels)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    loader = DataLoader(TensorDataset(*data()), batch_size=128)
    watching = WatchCallback()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = pl.Trainer(
            max_epochs=3,
            callbacks=[watching],
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            gradient_clip_val=0.3,
            default_root_dir=tmp_path,
        )
        trainer.fit(Module(), loader)

    network = mlp()
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    watch = study.watch(network, optimizer)
    for _ in range(3):
        for inputs, labels in loader:
            loss = nn.functional.cross_entropy(network(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.3)
            optimizer.step()
            watch.step(loss)
    seen, plain = watching.result(), watch.result()
    for column in ("loss", "grad_norm", "clip_factor", "update_ratio"):
        assert seen.steps[column].tolist() == pytest.approx(plain.steps[column].tolist(), rel=1e-4)
    for column in ("delta_rms", "weight_rms", "dead_fraction"):
        assert seen.layers[column].tolist() == pytest.approx(
            plain.layers[column].tolist(), rel=1e-4, nan_ok=True
        )


@pytest.mark.slow
def test_transformers_trainer_with_a_tiny_gpt2_of_random_weights(tmp_path: Path) -> None:
    needs("transformers", "accelerate")
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

    from study.watching.callbacks.transformers import WatchCallback

    torch.manual_seed(0)
    tokens = torch.arange(16).repeat(64, 1)
    rows = [{"input_ids": row, "labels": row} for row in tokens]
    config = GPT2Config(
        vocab_size=16, n_positions=16, n_embd=16, n_layer=2, n_head=2, bos_token_id=0,
        eos_token_id=0,
    )  # fmt: skip
    watching = WatchCallback()
    trainer = Trainer(
        model=GPT2LMHeadModel(config),
        args=TrainingArguments(
            output_dir=str(tmp_path),
            max_steps=30,
            per_device_train_batch_size=8,
            gradient_accumulation_steps=2,
            learning_rate=1e-2,
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
        ),  # fmt: skip
        train_dataset=rows,
        callbacks=[watching],
    )
    trainer.train()
    result = watching.result()
    assert result.verdict == "stable", str(result)
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    first = result.steps.set_index("step")["loss"]
    assert first[0] == pytest.approx(logged[0], rel=1e-3)
    # Each of the 16 tokens is as frequent as any other, and the tied weight has two layers.
    assert result.trials["loss_chance"][0] <= 2.773
    names = result.layers["name"].unique().tolist()
    assert names[0] == "transformer.wte" and names[-1] == "lm_head"
