"""A generative adversarial network: two networks, two losses, two optimizers."""

import torch
from torch import nn

import study  # watch

RATE, STEPS, BATCH = 2e-4, 400, 64


def generator() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    )


def discriminator() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(2, 64), nn.LeakyReLU(0.2)),
        *(nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)),
    )


def weights_init(module: nn.Module, std: float) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, std)
        nn.init.zeros_(module.bias)


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    net_g, net_d = generator(), discriminator()
    for net in (net_g, net_d):
        net.apply(lambda m: weights_init(m, 0.0 if broken == "initialization" else 0.1))
    rate = 1.0 if broken == "rate" else RATE
    optimizer_d = torch.optim.Adam(net_d.parameters(), lr=rate, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(net_g.parameters(), lr=rate, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    watch = study.watch({"d": net_d, "g": net_g}, {"d": optimizer_d, "g": optimizer_g})  # watch
    losses = []
    for step in range(STEPS):
        angle = 6.2832 * torch.rand(BATCH)
        real = torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(BATCH, 2)
        fake = net_g(torch.randn(BATCH, 8))
        optimizer_d.zero_grad()
        loss_real = criterion(net_d(real), ones)
        loss_real.backward()
        loss_fake = criterion(net_d(fake.detach()), zeros)
        if broken == "nan" and step == 200:
            loss_fake = loss_fake * (loss_fake - loss_fake.detach()).log()
        loss_fake.backward()
        loss_d = loss_real + loss_fake
        optimizer_d.step()
        optimizer_g.zero_grad()
        loss_g = criterion(net_d(fake.detach() if broken == "part" else fake), ones)
        loss_g.backward()
        optimizer_g.step()
        watch.step({"d": loss_d, "g": loss_g})  # watch
        losses += [loss_d.item(), loss_g.item()]
    print(watch.result())  # watch
    return losses


if __name__ == "__main__":
    train()
