"""Why a classifier said what it said of a few samples: which pixels, or which words, spoke for its answer.

Pictures and spectrograms by integrated gradients from the mean picture (Sundararajan et al. 2017, Axiomatic Attribution
for Deep Networks, equation 1); words by ablation: how much of the score is lost when a word becomes unknown (Zeiler and
Fergus 2014, section 4.1, of words). A positive number spoke for the answer, a negative one against it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum.attr import FeatureAblation, IntegratedGradients
from torch import Tensor, nn

from models import device, reading
from models.data import Samples
from models.outcome import Outcome

EACH = 4
"""Samples that were answered rightly, and as many that were not."""
STEPS = 32
MOST_WORDS = 120


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One sample: what it is, what was said and how surely, and what spoke for that."""

    label: str
    prediction: str
    confidence: float
    seen: Any
    """An image, uint8 (C, H, W), or words."""
    spoke: np.ndarray
    """One number a pixel (H, W), or a word (T,)."""


def chosen(outcome: Outcome) -> np.ndarray:
    """The samples to explain: right answers evenly from the surest to the least sure, then the surest wrong ones."""
    right = np.asarray(outcome.rows["label"] == outcome.rows["prediction"])
    surest = np.argsort(-outcome.rows["confidence"], kind="stable")
    good, bad = surest[right[surest]], surest[~right[surest]]
    spread = np.unique(np.linspace(0, len(good) - 1, min(EACH, len(good))).astype(np.int64))
    return np.concatenate([good[spread], bad[:EACH]])


def pictures(net: nn.Module, samples: Samples, outcome: Outcome, facts: Mapping[str, Any]) -> list[Explained]:
    """Explain answers about the field `image` (C, H, W); `net` is set to evaluation."""
    places = chosen(outcome)
    images = samples.take(places)["image"]
    machine = device.prepare()
    net.to(machine.device).eval()
    method = IntegratedGradients(net)
    mean = torch.tensor(facts["mean"], dtype=torch.float32, device=machine.device).view(1, -1, 1, 1)
    found = []
    for image, target in zip(images, _targets(outcome, places, facts), strict=True):
        shown = device.tensor(image[None]).to(machine.device).float()
        spoke = method.attribute(shown, mean.expand_as(shown), target=target, n_steps=STEPS, internal_batch_size=STEPS)
        found.append((image, spoke.sum(1)[0].detach().cpu().double().numpy()))
    return _explained(outcome, places, found)


def texts(
    net: nn.Module,
    samples: Samples,
    outcome: Outcome,
    facts: Mapping[str, Any],
    words: Callable[[np.ndarray], Sequence[str]],
) -> list[Explained]:
    """Explain answers about the field `words` (T,); `words` makes readable words of the field `text`, uint8."""
    places = chosen(outcome)
    machine = device.prepare()
    net.to(machine.device).eval()
    found = []
    for place, target in zip(places, _targets(outcome, places, facts), strict=True):
        one = samples.take(np.array([place]))
        numbers = device.tensor(one["words"]).to(machine.device)[:, :MOST_WORDS].long()
        spelt = list(words(one["text"][0]))[: numbers.shape[1]]
        found.append((spelt, _ablated(net, numbers, target)[: len(spelt)]))
    return _explained(outcome, places, found)


def _ablated(net: nn.Module, numbers: Tensor, target: int) -> np.ndarray:
    def score(asked: Tensor) -> Tensor:
        likely: Tensor = net(asked.long()).double().log_softmax(1)
        return likely

    with torch.no_grad():
        spoke = FeatureAblation(score).attribute(
            numbers, baselines=reading.UNKNOWN, target=target, perturbations_per_eval=32
        )
    lost: np.ndarray = spoke[0].cpu().double().numpy()
    return lost


def _targets(outcome: Outcome, places: np.ndarray, facts: Mapping[str, Any]) -> list[int]:
    names = [str(name) for name in facts["classes"]]
    return [names.index(str(name)) for name in outcome.rows["prediction"][places]]


def _explained(outcome: Outcome, places: np.ndarray, found: Sequence[tuple[Any, np.ndarray]]) -> list[Explained]:
    rows = outcome.rows
    return [
        Explained(
            label=str(rows["label"][place]),
            prediction=str(rows["prediction"][place]),
            confidence=float(rows["confidence"][place]),
            seen=seen,
            spoke=spoke,
        )
        for place, (seen, spoke) in zip(places, found, strict=True)
    ]
