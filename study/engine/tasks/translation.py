"""Translation by a small grammar, in which words agree and their order changes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator

from study.engine.tasks.data.translated import translated
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task

SEED = 2003

EXAMPLES = 10_000

TARGET = 0.7
"""Who has not read the sentence, but knows what was said before, says 0.27 of the words right."""

NOUNS = {
    "dog": ("kan", "o"),
    "cat": ("miu", "a"),
    "bird": ("avi", "a"),
    "child": ("fant", "o"),
    "tree": ("bor", "e"),
    "river": ("rin", "e"),
}
"""Noun -> its stem in the other language, and the ending of what agrees with its gender."""

ADJECTIVES = {"small": "pet", "old": "vek", "red": "rus", "quiet": "sil"}
VERBS = {"see": "vid", "follow": "sek", "like": "am", "find": "trov"}
ADVERBS = {"today": "odi", "often": "ofte"}
DETERMINERS = {"the": "l", "a": "un"}
PLURAL = "s"
"""In both languages, of nouns; there, of what agrees with them as well."""


def translation(*, examples: int = EXAMPLES) -> Task:
    """Words (N, 16): a sentence of up to 8, a start token, and the other language's sentence.

    A sentence is a subject, a verb, an object and at times an adverb; subject and object are a
    determiner, at times an adjective, and a noun, in singular or plural ("some" is the plural of
    "a"). What is said has the adverb first and the verb last, and adjectives behind their nouns.
    There, determiners and adjectives agree with the noun's gender and number, and the verb's
    ending with the subject's number: "the old dogs see a river today" is "odi los kanos vekos une
    rine viden". The right words stand among the inputs one time step later (teacher forcing).
    Everything that is drawn is as likely as its alternatives; sentences end with blanks.

    Args:
        examples: N.

    Raises:
        TaskError: If `examples` is out of range.

    References:
        Sutskever, Vinyals and Le, Sequence to sequence learning with neural networks, NIPS 2014;
        Bahdanau, Cho and Bengio, ICLR 2015, for languages that differ in their words' order.
    """
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    sentences = [_drawn(generator) for _ in range(examples)]
    return translated(
        "translation",
        [sentence.read() for sentence in sentences],
        [sentence.said() for sentence in sentences],
        target=TARGET,
    )


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Determiner, noun and at times an adjective."""

    determiner: str
    adjective: str | None
    noun: str
    plural: bool

    def read(self) -> list[str]:
        first = "some" if self.plural and self.determiner == "a" else self.determiner
        adjective = [] if self.adjective is None else [self.adjective]
        if not self.plural:
            return [first, *adjective, self.noun]
        return [first, *adjective, "children" if self.noun == "child" else self.noun + PLURAL]

    def said(self) -> list[str]:
        stem, gender = NOUNS[self.noun]
        ending = gender + (PLURAL if self.plural else "")
        words = [DETERMINERS[self.determiner] + ending, stem + ending]
        if self.adjective is not None:
            words.append(ADJECTIVES[self.adjective] + ending)
        return words


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A statement in both languages."""

    subject: Phrase
    verb: str
    object: Phrase
    adverb: str | None

    def read(self) -> list[str]:
        verb = self.verb if self.subject.plural else self.verb + "s"
        last = [] if self.adverb is None else [self.adverb]
        return [*self.subject.read(), verb, *self.object.read(), *last]

    def said(self) -> list[str]:
        first = [] if self.adverb is None else [ADVERBS[self.adverb]]
        verb = VERBS[self.verb] + ("en" if self.subject.plural else "et")
        return [*first, *self.subject.said(), *self.object.said(), verb]


def _drawn(generator: Generator) -> Sentence:
    def index(choices: int) -> int:
        return int(torch.randint(choices, (), generator=generator))

    def phrase() -> Phrase:
        return Phrase(
            determiner=list(DETERMINERS)[index(len(DETERMINERS))],
            adjective=[None, *ADJECTIVES][index(len(ADJECTIVES) + 1)],
            noun=list(NOUNS)[index(len(NOUNS))],
            plural=bool(index(2)),
        )

    return Sentence(
        subject=phrase(),
        verb=list(VERBS)[index(len(VERBS))],
        object=phrase(),
        adverb=[None, *ADVERBS][index(len(ADVERBS) + 1)],
    )
