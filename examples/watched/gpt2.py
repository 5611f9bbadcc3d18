"""A tiny GPT-2 of random weights, trained by Hugging Face's Trainer."""

import copy
import tempfile

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from study.watching.callbacks.transformers import WatchCallback  # watch

RATE, STEPS, WORDS, LENGTH = 2e-3, 150, 60, 24


class Sentences(Dataset):
    """Each next word is one of three that may follow the last."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        following = torch.randint(WORDS, (WORDS, 3), generator=generator)
        words = [torch.randint(WORDS, (512,), generator=generator)]
        for _ in range(LENGTH - 1):
            chosen = torch.randint(3, (512,), generator=generator)
            words.append(following[words[-1], chosen])
        self.tokens = torch.stack(words, dim=1)

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"input_ids": self.tokens[index], "labels": self.tokens[index]}


class Breaking(GPT2LMHeadModel):
    """Returns a loss that is not a number in one of its steps."""

    passes = 0

    def forward(self, *args: object, **kwargs: object) -> object:
        outputs = super().forward(*args, **kwargs)
        self.passes += 1
        if self.passes == 100:
            outputs.loss = outputs.loss * (outputs.loss - outputs.loss.detach()).log()
        return outputs


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=WORDS,
        n_positions=LENGTH,
        n_embd=48,
        n_layer=3,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=3.0 if broken == "initialization" else 0.02,
    )
    model = (Breaking if broken == "nan" else GPT2LMHeadModel)(config)
    rate = 10.0 if broken == "rate" else RATE
    trained = copy.deepcopy(model) if broken == "part" else model
    optimizer = torch.optim.AdamW(trained.parameters(), lr=rate)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            max_steps=STEPS,
            per_device_train_batch_size=16,
            learning_rate=rate,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            seed=seed,
            use_cpu=True,
            logging_nan_inf_filter=False,
        )
        watching = WatchCallback()  # watch
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=Sentences(),
            optimizers=(optimizer, None),
            callbacks=[watching],  # watch
        )
        trainer.train()
    print(watching.result())  # watch
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


if __name__ == "__main__":
    train()
