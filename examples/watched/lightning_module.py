"""A Lightning module: an autoencoder of digits, trained by Lightning's Trainer."""

import logging
import warnings

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from study.watching.callbacks.lightning import WatchCallback  # watch

RATE, EPOCHS = 2e-3, 8


class Autoencoder(pl.LightningModule):
    def __init__(self, broken: str = "") -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 12)),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64)
        )
        self.broken = broken
        self.losses: list[float] = []

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        (images,) = batch
        loss = nn.functional.mse_loss(self.decoder(self.encoder(images)), images)
        if self.broken == "nan" and len(self.losses) == 100:
            loss = loss * (loss - loss.detach()).log()
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        rate = 30.0 if self.broken == "rate" else RATE
        return torch.optim.Adam(self.parameters(), lr=rate)


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    digits = load_digits()
    images = torch.tensor(digits.data, dtype=torch.float32) / 8 - 1
    loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True)

    model = Autoencoder(broken)
    if broken == "initialization":
        for module in model.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.001)
                nn.init.zeros_(module.bias)
    if broken == "part":
        nn.init.constant_(model.encoder[4].bias, -100.0)
    watching = WatchCallback()  # watch
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        callbacks=[watching],  # watch
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, loader)
    print(watching.result())  # watch
    return model.losses


if __name__ == "__main__":
    train()
