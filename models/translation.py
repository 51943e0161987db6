"""Learning to translate, and how good translations are: BLEU and chrF as everyone counts them, by sacrebleu."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models import device
from models.data import Samples
from models.losses import Criterion, Scored
from models.outcome import Outcome
from models.settings import Training
from models.translator import NOTHING, START
from project.errors import DailiesError

AT_ONCE = 64  # sources that are searched together
SHOWN = 15
RESAMPLES = 1000
LONGER, MORE = 1.5, 20  # a translation has at most so many times the pieces of its source, and so many more
Text = Callable[[np.ndarray], str]
"""Numbers of pieces → their text."""


def loss(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
    """Cross-entropy of each piece of `target` (B, T) after those before it, given `source` (B, S), with label smoothing;
    measures which share of the pieces was found the most probable."""

    def criterion(net: Any, batch: Mapping[str, Tensor]) -> Scored:
        target = batch["target"].long()
        written = functional.pad(target[:, :-1], (1, 0), value=START)
        there = target != NOTHING
        found = net.write(written, *net.read(batch["source"]))[there]
        scores = net.scores(found).float()  # (pieces that are there, all pieces)
        wanted = target[there]
        smoothed = functional.cross_entropy(scores, wanted, label_smoothing=settings.label_smoothing)
        with torch.no_grad():
            right = torch.zeros(target.shape, device=target.device)
            right[there] = (scores.argmax(-1) == wanted).float()
        return Scored(smoothed, {"piece_accuracy": right.sum(1) / there.sum(1)})

    return criterion


def evaluate(net: Any, samples: Samples, text: Text) -> Outcome:
    """Translate every `source` and compare it with `reference`, uint8 of UTF-8.

    Metrics: bleu and chrf of the whole, 0 to 100. A sample's score is its own chrF / 100. `shown` has words, the number
    in each source. Raises DailiesError when there is no sample.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model")
    sources, references, found = _translated(net, samples, text)
    bleu, chrf = BLEU(), CHRF()
    counts = [
        BLEU(effective_order=True).sentence_score(one, [other]) for one, other in zip(found, references, strict=True)
    ]
    metrics = {
        "bleu": bleu.corpus_score(found, [references]).score,
        "chrf": chrf.corpus_score(found, [references]).score,
    }
    each = np.array(
        [chrf.sentence_score(one, [other]).score / 100 for one, other in zip(found, references, strict=True)]
    )
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "source": np.array(sources, dtype=object),
        "reference": np.array(references, dtype=object),
        "translation": np.array(found, dtype=object),
        "score": each,
    }
    counted = [
        {"metric": "bleu", "signature": str(bleu.get_signature())},
        {"metric": "chrf", "signature": str(chrf.get_signature())},
    ]
    order = np.argsort(each, kind="stable")
    tables = {
        "How it was counted": counted,
        "Some translations": _told(rows, np.linspace(0, len(each) - 1, min(SHOWN, len(each))).astype(np.int64)),
        "Worst translations": _told(rows, order[:SHOWN]),
    }
    return Outcome(
        metrics=metrics,
        rows=rows,
        intervals={"bleu": _interval(bleu, counts)},
        tables=tables,
        shown={"words": np.array([len(s.split()) for s in sources])},
    )


def _interval(bleu: Any, counts: Sequence[Any]) -> tuple[float, float]:
    """The 95 % percentile interval of BLEU over `counts`, sacrebleu's of each sentence, drawn with replacement."""
    each = np.array([[*one.counts, *one.totals, one.sys_len, one.ref_len] for one in counts])
    draws = np.random.default_rng(0).multinomial(len(each), np.full(len(each), 1 / len(each)), size=RESAMPLES) @ each
    orders = bleu.max_ngram_order
    scores = [
        bleu.compute_bleu(draw[:orders].tolist(), draw[orders:-2].tolist(), *draw[-2:].tolist()).score for draw in draws
    ]
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def _translated(net: Any, samples: Samples, text: Text) -> tuple[list[str], list[str], list[str]]:
    """Sources, references and translations, in the order of the samples; searched in order of length."""
    visits = np.argsort(samples.lengths("source"), kind="stable")
    told: list[tuple[str, str, str]] = [("", "", "")] * len(samples)
    for indices in np.array_split(visits, -(-len(visits) // AT_ONCE)):
        batch = samples.take(indices)
        found, _ = search(net, batch["source"])
        for place, index in enumerate(indices):
            reference = batch["reference"][place].tobytes().rstrip(b"\0").decode()
            told[index] = text(batch["source"][place]), reference, text(found[place])
    sources, references, translations = zip(*told, strict=True)
    return list(sources), list(references), list(translations)


def search(net: Any, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best translation of each source (B, S), int64 (B, T), and the mean probability of its pieces (B,)."""
    machine = device.prepare()
    net.to(machine.device).eval()
    longest = int(LONGER * sources.shape[1]) + MORE
    found, likely = net.translate(device.tensor(sources).to(machine.device), longest)
    return found.cpu().numpy(), likely.double().exp().cpu().numpy()


def _told(rows: Mapping[str, np.ndarray], places: Sequence[int] | np.ndarray) -> list[dict[str, Any]]:
    return [
        {name: rows[name][place] for name in ("source", "reference", "translation")}
        | {"chrf": float(100 * rows["score"][place])}
        for place in places
    ]
