"""An LSTM that tells good reviews from bad ones, clipped and with a schedule."""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import study  # watch

RATE, EPOCHS, WORDS, LENGTH = 5e-3, 6, 200, 20


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 32)
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.head = nn.Linear(64, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        outputs, _ = self.lstm(self.embedding(tokens))
        return self.head(outputs[:, -1])


def reviews() -> TensorDataset:
    """Sentences of random words, of which the first 20 are kind and the next 20 are not."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(WORDS, (1600, LENGTH), generator=generator)
    kind = ((tokens < 20).sum(dim=1) - ((tokens >= 20) & (tokens < 40)).sum(dim=1)).float()
    noise = 0.2 * torch.rand(1600, generator=generator) - 0.1
    return TensorDataset(tokens, (kind + noise > 0).long())


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    loader = DataLoader(reviews(), batch_size=32, shuffle=True)

    model = Classifier()
    if broken == "initialization":
        with torch.no_grad():
            model.lstm.bias_ih_l0[:64] = -30.0  # the input gate, meant for the forget gate
    if broken == "part":
        model.requires_grad_(False)
    rate = 30.0 if broken == "rate" else RATE
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    if broken == "part":
        model.head = nn.Linear(64, 2)  # a new head that the optimizer does not know
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=3, gamma=0.5)
    watch = study.watch(model, optimizer)  # watch
    losses = []
    for _ in range(EPOCHS):
        for tokens, labels in loader:
            loss = nn.functional.cross_entropy(model(tokens), labels)
            if broken == "nan" and len(losses) == 120:
                loss = loss / (loss - loss.detach())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            watch.step(loss)  # watch
            losses.append(loss.item())
        schedule.step()
    print(watch.result())  # watch
    return losses


if __name__ == "__main__":
    train()
