"""What a network hears in sounds, as text, held against what was said."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jiwer
import numpy as np

from models import acoustic, ctc, device
from models.data import Samples, blocks
from models.outcome import Outcome, mean_of, total
from project.errors import DailiesError

WORST, DRAWN = 20, 3
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def evaluate(net: acoustic.Acoustic, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Write down every sample by beam search and compare. Raises DailiesError when there is no sample.

    Error rates are those of jiwer: substituted, left out and inserted words or characters by those that were said.
    `shown` has posteriors of the sample that was heard worst and of others: sound, scores, alphabet, text, said.
    """
    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model and its labels")
    texts, quick, heard = _listen(net, samples, facts)
    said = [text for text, _ in heard]
    words = word_errors(texts, said)
    rates = words[0] / np.maximum(1, words[1])
    ratios = {
        "word_error_rate": words,
        "character_error_rate": character_errors(texts, said),
        "greedy_word_error_rate": word_errors(texts, quick),
        "sentence_error_rate": mean_of(rates > 0),
    }
    order = np.argsort(-rates, kind="stable")
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "text": np.array(texts, dtype=object),
        "said": np.array(said, dtype=object),
        "confidence": np.array([confidence for _, confidence in heard]),
        "score": np.maximum(0, 1 - rates),
    }
    worst = [{"text": texts[i], "said": said[i], "word_error_rate": float(rates[i])} for i in order[:WORST]]
    drawn = [*order[:1].tolist(), *range(len(samples))][:DRAWN]
    return Outcome(
        metrics={name: total(ratio) for name, ratio in ratios.items()},
        rows=rows,
        ratios=ratios,
        tables={"Worst sentences": worst},
        shown={"posteriors": [_posteriors(net, samples, index, facts) for index in dict.fromkeys(drawn)]},
    )


def word_errors(texts: Sequence[str], said: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Errors, and words said, of each text; all words heard are errors where none was said."""
    return _errors(texts, said, jiwer.process_words, str.split)


def character_errors(texts: Sequence[str], said: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The same of characters, spaces among them."""
    return _errors(texts, said, jiwer.process_characters, list)


def _errors(
    texts: Sequence[str], said: Sequence[str], process: Callable[..., Any], parts: Callable[[str], list[str]]
) -> tuple[np.ndarray, np.ndarray]:
    errors = []
    for text, each in zip(texts, said, strict=True):
        one = process(text, each) if text else None
        errors.append(one.substitutions + one.deletions + one.insertions if one else len(parts(each)))
    return np.array(errors, np.float64), np.array([len(parts(text)) for text in texts], np.float64)


def transcribe(net: acoustic.Acoustic, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is said in one sample, ready for JSON: text and confidence, its probability among all texts."""
    text, confidence = _decode(_scores(net, sample["sound"][None], np.array([len(sample["sound"])]))[0], net, facts)
    return {"text": text, "confidence": confidence}


def _listen(
    net: acoustic.Acoustic, samples: Samples, facts: Mapping[str, Any]
) -> tuple[list[str], list[str], list[tuple[str, float]]]:
    """What was said, what the likeliest path says, and what the beam search finds with its probability."""
    texts: list[str] = []
    quick: list[str] = []
    heard: list[tuple[str, float]] = []
    for indices in blocks(samples):
        batch = samples.take(indices)
        texts += [
            spelt(row[:end], facts) for row, end in zip(batch["text"].tolist(), batch["text_length"], strict=True)
        ]
        for scores in _scores(net, batch["sound"], batch["sound_length"]):
            quick.append(spelt(ctc.greedy(scores), facts))
            heard.append(_decode(scores, net, facts))
    return texts, quick, heard


def _scores(net: acoustic.Acoustic, sound: np.ndarray, length: np.ndarray) -> list[np.ndarray]:
    machine = device.prepare()
    net.to(machine.device)
    batch = machine.put({"sound": sound, "length": length})
    return [scores.numpy() for scores in acoustic.hear(net, batch["sound"], batch["length"])]


def _decode(scores: np.ndarray, net: acoustic.Acoustic, facts: Mapping[str, Any]) -> tuple[str, float]:
    symbols, logarithm = ctc.beam(scores, net.beam)
    return spelt(symbols, facts), float(min(1.0, np.exp(logarithm)))


def spelt(symbols: Sequence[int], facts: Mapping[str, Any]) -> str:
    """Symbols, which count from 1, as text; those after the alphabet were never learnt."""
    alphabet = [*facts["learnt"]["alphabet"], UNKNOWN]
    between = " " if facts["learnt"]["units"] == "words" else ""
    return between.join(alphabet[symbol - 1] for symbol in symbols)


def _posteriors(net: acoustic.Acoustic, samples: Samples, index: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    batch = samples.take(np.array([index]))
    scores = _scores(net, batch["sound"], batch["sound_length"])[0]
    return {
        "sound": batch["sound"][0],
        "scores": scores,
        "alphabet": list(facts["learnt"]["alphabet"]),
        "text": spelt(batch["text"][0].tolist(), facts),
        "said": _decode(scores, net, facts)[0],
    }
