"""A classifier of texts among others: besides what every classifier tells, which words it goes by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from models import device, evaluate, reading
from models.data import Samples, blocks
from models.outcome import Outcome

LONGEST = 3  # words of an n-gram
OFTEN = 3  # times that an n-gram occurs before it is asked for
MOST_ASKED, SHOWN = 20_000, 12
MISTAKE_CHARACTERS = 300


def classification(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """`models.evaluate.classification` of the field `words`, with the worst mistakes as a table of texts (field `text`,
    uint8 of UTF-8) and, in `shown`, `telling`: class → [(words, how probable they alone make it)]."""
    outcome = evaluate.classification(net, samples, facts, field="words", seen="text")
    telling = telling_ngrams(net, samples, facts)
    tables = {**outcome.tables, "Surest mistakes": [_mistake(each) for each in outcome.shown["mistakes"]]}
    return replace(outcome, tables=tables, shown={**outcome.shown, "telling": telling})


def telling_ngrams(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> dict[str, list[tuple[str, float]]]:
    """For each class, which of the frequent n-grams of `samples` makes it most probable when read alone."""
    spelt = {number: word for word, number in facts["learnt"]["words"].items()}
    asked = _frequent(samples)
    if not asked:
        return {}
    scores = _scores(net, asked)
    return {
        str(name): [
            (" ".join(spelt[number] for number in asked[place]), float(scores[place, index]))
            for place in np.argsort(-scores[:, index], kind="stable")[:SHOWN]
        ]
        for index, name in enumerate(facts["classes"])
    }


def _frequent(samples: Samples) -> list[tuple[int, ...]]:
    """The n-grams of known words that occur most often, in a fixed order."""
    counts: Counter[tuple[int, ...]] = Counter()
    for indices in blocks(samples):
        for row in samples.take(indices)["words"].tolist():
            for length in range(1, LONGEST + 1):
                counts.update(zip(*(row[place:] for place in range(length)), strict=False))
    known = [(ngram, n) for ngram, n in counts.items() if n >= OFTEN and min(ngram) >= reading.RESERVED]
    return [ngram for ngram, _ in sorted(known, key=lambda pair: (-pair[1], pair[0]))[:MOST_ASKED]]


def _scores(net: nn.Module, asked: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Softmax scores, float64 (N, classes), of n-grams that are each a text of its own."""
    machine = device.prepare()
    net.to(machine.device).eval()
    padded = np.array([[*ngram, *[reading.NOTHING] * (LONGEST - len(ngram))] for ngram in asked], np.int32)
    with torch.inference_mode():
        parts = [
            net(torch.from_numpy(part).to(machine.device)) for part in np.array_split(padded, 1 + len(padded) // 512)
        ]
    return torch.cat(parts).double().softmax(1).cpu().numpy()


def _mistake(mistake: Mapping[str, Any]) -> dict[str, Any]:
    text = mistake["text"].tobytes().rstrip(b"\0").decode()
    cut = text if len(text) <= MISTAKE_CHARACTERS else f"{text[: MISTAKE_CHARACTERS - 1]}…"
    return {
        "text": cut,
        "is": mistake["label"],
        "said": mistake["prediction"],
        "confidence": float(mistake["confidence"]),
    }
