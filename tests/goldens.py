"""The first losses of every recipe, on samples that never change: with each of its networks, losses or methods.

A change that is not meant to alter results leaves them as they are. Other processors, thread counts and torch versions
sum in another order. Slow steps of SGD hardly magnify that (Adam's first steps do: they follow the sign of a gradient,
however small), so the tolerance is well above it, and well below what a change of the mathematics does. After a change
that is meant to alter results, write the files again and say so in the commit:

    PYTHONPATH=tests python -m goldens [RECIPE…]
"""

import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import toy_jobs
import twins
from torch import Tensor, nn

from models import adversarial, fit, jitter, losses, networks, next_item, toy
from models.job import Job
from models.losses import Criterion, Loss, Scored
from models.settings import Training, resolve, setting
from recipes import load

FOLDER = Path(__file__).parent / "golden"
FIRST = 5
Losses = dict[str, list[float]]


@dataclass(frozen=True)
class Golden:
    """`measure` makes one case, given its name and a folder for its samples."""

    cases: Sequence[str]
    measure: Callable[[str, Path], Any]
    tolerance: float = 1e-3


def kept(recipe: str, case: str) -> Any:
    """What the file says; of a recipe with one case without a name, that is all of it."""
    golden = json.loads((FOLDER / f"{recipe}.json").read_text())
    return golden[case] if case else golden


def recording(seen: list[float], loss: Loss) -> Loss:
    """The loss, noting each of its values."""

    def prepare(settings: Any, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
        criterion = loss(settings, facts, labels)

        def record(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
            scored = criterion(net, batch)
            seen.append(scored.loss.item())
            return scored

        return record

    return prepare


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Pictures(Training):
    width: int = setting(16)
    dropout: float = setting(0.1)
    jitter_shift: float = setting(0.1)
    jitter_rotate: float = setting(10.0)
    jitter_scale: float = setting(0.1)
    jitter_flip: bool = setting(True)


def pictures(network: str, folder: Path) -> list[float]:
    """Everything that shapes a step is on: jitter, dropout, smoothing, class weights, clipping, warm-up."""
    settings = Pictures(
        epochs=1, batch=32, optimizer="sgd", rate=0.02, label_smoothing=0.1, class_weights="balanced", clip=1.0, seed=3
    )
    samples, seen = toy.pictures(160, side=20, channels=3), []  # type: ignore[var-annotated]
    facts = toy.facts(samples)
    net, nobody = networks.build(network, settings, facts), samples.where(np.zeros(160, dtype=bool))
    job = Job(net=net, settings=settings, facts=facts, train=samples, validation=nobody)
    fit.supervised(job, loss=recording(seen, losses.cross_entropy), jitter=jitter.geometry(settings))
    return seen


def rankings(case: str, folder: Path) -> list[float]:
    """Everything that shapes a step is on: crops, dropout, drawn others, clipping."""
    network, loss = case.split()
    recipe = load("recommendation")
    given = {"network": network, "epochs": 1, "batch": 16, "window": 5, "width": 16, "dropout": 0.2, "negatives": 8}
    slow = {"optimizer": "sgd", "rate": 0.02, "clip": 1.0, "seed": 3}
    settings = resolve(recipe.settings, given | slow, "test")
    samples, seen = toy.histories(80), []  # type: ignore[var-annotated]
    facts, nobody = toy.ranking_facts(samples), samples.where(np.zeros(80, dtype=bool))
    job = Job(net=recipe.net(settings, facts), settings=settings, facts=facts, train=samples, validation=nobody)
    fit.supervised(job, loss=recording(seen, getattr(next_item, loss)), jitter=next_item.crops(settings))
    return seen


class Stop(Exception):
    """Ends a training from within."""


def texts(recipe: str) -> Callable[[str, Path], list[float]]:
    """Means over the first steps, with dropout, smoothing and clipping on."""

    def measure(network: str, folder: Path) -> list[float]:
        means: list[float] = []

        def tick(done: float, **values: float) -> None:
            means.append(values["loss"])
            if len(means) == FIRST:
                raise Stop

        given: dict[str, Any] = {"optimizer": "sgd", "rate": 0.02, "label_smoothing": 0.1, "clip": 1.0, "seed": 3}
        given |= {"network": network} if network in networks.names("text") else {}
        try:
            load(recipe).fit(twins.job(recipe, twins.shards(recipe, folder), tick=tick, **given))
        except Stop:
            return means
        raise AssertionError(f"{recipe} has fewer than {FIRST} steps")

    return measure


def sounds(recipe: str) -> Callable[[str, Path], list[float]]:
    def measure(case: str, folder: Path) -> list[float]:
        means: list[float] = []
        given: dict[str, Any] = {"optimizer": "sgd", "rate": 0.01, "epochs": 1}
        job = twins.job(
            recipe, twins.shards(recipe, folder), tick=lambda done, **values: means.append(values["loss"]), **given
        )
        load(recipe).fit(job)
        sizes = np.array([len(part) for part in np.array_split(np.arange(len(job.train)), len(means))])
        sums = np.array(means) * np.cumsum(sizes)
        return [float(value) for value in (np.diff(sums, prepend=0) / sizes)[:FIRST]]

    return measure


def faces(loss: str, folder: Path) -> list[float]:
    """Two steps an epoch."""
    seen: list[float] = []
    before = 0.0

    def tick(done: float, **values: float) -> None:
        nonlocal before
        step = len(seen) % 2 + 1
        before = 0.0 if step == 1 else before
        seen.append(values["loss"] * step - before)
        before = values["loss"] * step

    job = toy_jobs.faces(tick, loss=loss, optimizer="sgd", rate=0.02, epochs=3, average=0.0)
    load("face_recognition").fit(job)
    return seen[:FIRST]


def players(which: str, folder: Path) -> list[float]:
    """Of the critic or of the generator."""
    means: list[float] = []
    job = toy_jobs.players(
        None, lambda done, **values: means.append(values[which]), epochs=1, optimizer="sgd", rate=0.01, seed=3
    )
    adversarial.adversarial(job)
    totals = [mean * (at + 1) for at, mean in enumerate(means)]
    return list(np.diff(totals, prepend=0))


def games(case: str, folder: Path) -> list[float]:
    """Of five epochs."""
    twin = twins.GAMES[case]
    settings = {"epochs": 5} if case == "q_learning" else {"epochs": 5, "optimizer": "sgd", "rate": 0.001}
    job = twins.job("game_agent", twins.shards("game_agent", folder, twin), twin, **settings)
    return [row["train_loss"] for row in load("game_agent").fit(job).history]


RANKERS = [f"{network} {loss}" for network in ("attention", "factors", "recency") for loss in ("softmax", "pairwise")]
GOLDENS: dict[str, Golden] = {
    "face_recognition": Golden(("triplet", "arcface"), faces),
    "game_agent": Golden(tuple(twins.GAMES), games),
    "image_classification": Golden(networks.names(), pictures),
    "image_generation": Golden(("critic_loss", "generator_loss"), players),
    "recommendation": Golden(RANKERS, rankings),
    "sound_classification": Golden(("",), sounds("sound_classification"), 1e-2),
    "speech_to_text": Golden(("",), sounds("speech_to_text"), 1e-2),
    "text_classification": Golden(networks.names("text"), texts("text_classification")),
    "translation": Golden(("translation",), texts("translation")),
}


def main(recipes: Sequence[str]) -> None:
    for recipe in recipes or sorted(GOLDENS):
        golden = GOLDENS[recipe]
        with tempfile.TemporaryDirectory() as place:
            told = {case: golden.measure(case, Path(place) / str(at)) for at, case in enumerate(golden.cases)}
        (FOLDER / f"{recipe}.json").write_text(json.dumps(told.get("", told), indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
