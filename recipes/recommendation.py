"""Recommendation: what will this person choose next, among everything they have not chosen yet?

source   any table of who chose what and when; MovieLens latest-small (ratings of films; GroupLens, research only: no
         commercial use without permission, may be passed on under the same terms)
network  a memory of choices that fades (default), attention, matrix factorisation, or popularity, which learns nothing;
         1.2 M weights for movies
expects  movies: ndcg_at_10 0.055, hit_rate_at_10 0.107 on the last choices of 488 people among 8,990 films, 2.6 times the
         ndcg_at_10 of popularity (0.022; seed 7; 2.3 and 2.1 times with seeds 1 and 2), about 20 s on one core of an
         AMD EPYC
split    leave-last-out: each person's last choice is the test, the one before it validation, all before training; the
         section `split` of a model has no say. Every item is ranked.
paper    He and McAuley 2016, Fusing Similarity Models with Markov Chains; Rendle et al. 2009, BPR; Kang and McAuley 2018
run      dailies run movies
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from media import table
from media.sample import Field
from media.units import Rows, Sample, Unit
from models.settings import Unclassed, setting
from recipes import Recipe

FEWEST = 4
"""Choices of a person who is tested: one each for test and validation, and two to learn from."""
ANSWERS = {"test": 1, "validation": 2, "train": 3}
"""Which choice is asked for, counted from the last one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Unclassed):
    network: str = setting("recency", choices=("attention", "factors", "popularity", "recency"))
    loss: str = setting("softmax", choices=("softmax", "pairwise"))
    width: int = setting(64, low=4, high=1024, unit="numbers an item")
    window: int = setting(20, low=2, high=10_000, unit="latest choices that are looked at")
    layers: int = setting(1, low=1, high=12, unit="of attention")
    heads: int = setting(2, low=1, high=16, unit="of attention, a divisor of width")
    dropout: float = setting(0.5, low=0, high=0.9)
    popularity: float = setting(1.0, low=0, high=1, unit="how far first scores follow popularity")
    negatives: int = setting(256, low=1, high=100_000, unit="other items drawn for each batch")
    # Chosen on validation of MovieLens: decay keeps rare items from being far too sure.
    epochs: int = setting(30, low=1, high=10_000)
    batch: int = setting(16, low=1, high=65_536, unit="people")
    rate: float = setting(0.03, low=0, high=10)
    weight_decay: float = setting(0.2, low=0, high=1)


def read(data: bytes, row: Mapping[str, Any], settings: Settings) -> Sample:
    """The items of a person in the order of their first choice.

    Choices of one moment are put in an order that says nothing: by number or name of item, a network could guess the next
    one of a list that was entered at once.
    """
    person = row.get("group") or row.get("asset_id", "")
    events = table.interactions(data)
    draws = np.array([hashlib.sha256(f"{person} {item}".encode()).hexdigest() for item in events["item"]])
    return {"items": list(dict.fromkeys(events["item"][np.lexsort((draws, events["time"]))].tolist()))}


def compose(rows: Rows, settings: Settings) -> Iterator[Unit]:
    """Three samples a person, or one for training alone of those who chose little."""
    for row in rows:
        asked = ANSWERS if row["events"] >= FEWEST else {"train": 1}
        yield from (Unit((row["asset_id"],), split, piece) for split, piece in asked.items())


def join(samples: Sequence[Sample], unit: Unit, settings: Settings) -> Sample:
    """What a person had chosen, and what came next: `piece` says which choice that is, from the last one; 0 is unknown."""
    items = samples[0]["items"]
    if not unit.piece:
        return {"history": items, "answer": ""}
    return {"history": items[: -unit.piece], "answer": items[-unit.piece] if len(items) >= unit.piece else ""}


def learn(samples: Iterable[Sample], settings: Settings) -> Mapping[str, Any]:
    """The number of each item of the training samples, from 1, the most popular first; and how many people chose it."""
    counts = Counter(item for sample in samples for item in (*sample["history"], sample["answer"]) if item)
    ordered = sorted(counts, key=lambda item: (-counts[item], item))
    return {
        "items": {item: number for number, item in enumerate(ordered, 1)},
        "counts": [counts[item] for item in ordered],
    }


def encode(sample: Sample, settings: Settings, learnt: Mapping[str, Any]) -> Sample:
    """Items by their numbers. One that training never saw is 0 as an answer, and left out of a history."""
    number = learnt["items"]
    known = [number[item] for item in sample["history"] if item in number]
    return {
        "history": np.array(known, np.int32),
        "answer": np.int32(number.get(sample["answer"], 0)),
        "unknown": np.int32(len(sample["history"]) - len(known)),
    }


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import networks

    return networks.build(settings.network, settings, facts, shape="ranking")


def fit(job: Any) -> Any:
    from models import fit, next_item

    if job.settings.network == "popularity":
        return fit.untrained(job)
    losses = {"softmax": next_item.softmax, "pairwise": next_item.pairwise}
    return fit.supervised(job, loss=losses[job.settings.loss], jitter=next_item.crops(job.settings))


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import ranking

    return ranking.evaluate(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import ranking_pictures

    return ranking_pictures.ranking(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import ranking

    return ranking.recommend(net, sample, facts)


recipe = Recipe(
    kind="table",
    settings=Settings,
    fields=lambda s: {"history": Field("int32", (None,)), "answer": Field("int32"), "unknown": Field("int32")},
    read=read,
    augment=(),
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    predict=predict,
    parts=lambda s: (f"models.networks.ranking.{s.network}",),
    compose=compose,
    join=join,
    learn=learn,
    encode=encode,
    search=("rate", "weight_decay", "dropout", "width"),
)
