"""How well a network finds what a person chose next among everything they had not chosen before.

Every item is ranked, not a sample of them: sampled metrics order models differently (Krichene and Rendle 2020, On Sampled
Metrics for Item Recommendation). An answer that no training sample holds cannot be found, and counts as a miss.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from models import device
from models.data import Samples, blocks
from models.networks.ranking.popularity import Popularity
from models.outcome import Outcome, mean_of
from project.errors import DailiesError

SHOWN = 10
CURVE = 100
EXAMPLES = 12
LATEST = 5


class Ranked(NamedTuple):
    """`places` (N,) of the answers, counted from 0, and the items that are recommended, best first: (N, SHOWN)."""

    places: np.ndarray
    items: np.ndarray


def evaluate(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Rank all items for each person, by `net` and by popularity. Raises DailiesError when there are no samples.

    `shown` has hit_rates, for k from 1 to 100, and shares by popularity, both of network and popularity.
    """
    if len(samples) == 0:
        raise DailiesError("there is nobody to measure on; a person is tested who did at least four things")
    names, called = _names(facts), _called(facts)
    counts = np.array([0, *facts["learnt"]["counts"]], dtype=np.int64)
    answers = np.concatenate([samples.take(indices)["answer"] for indices in blocks(samples)])
    ranked = {"network": rank(net, samples), "popularity": rank(Popularity(facts["learnt"]["counts"]), samples)}
    found, plain = ranked["network"], ranked["popularity"]
    rows = {
        "sample_id": np.asarray(samples.column("sample_id")),
        "label": names[answers],
        "prediction": names[found.items[:, 0]],
        "place": found.places + 1,
        "score": ndcg(found.places),
    }
    return Outcome(
        metrics=_summary(found, plain, answers, len(names) - 1),
        rows=rows,
        ratios={
            "ndcg_at_10": mean_of(rows["score"]),
            "hit_rate_at_10": mean_of(found.places < SHOWN),
            "ndcg_over_popularity": (rows["score"], ndcg(plain.places)),
        },
        tables={
            "What some people chose, and what is recommended": _examples(samples, called, found),
            "Popular and rare items": _by_popularity(ranked, answers, counts),
        },
        shown={
            "hit_rates": {name: curve(each.places) for name, each in ranked.items()},
            "shares": _by_popularity(ranked, answers, counts),
        },
    )


def recommend(net: nn.Module, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The ten items for one person, ready for JSON, with the probability that each is the next of all not chosen yet."""
    history = np.asarray(sample["history"])[None]
    scores = _scores(net, history, np.array([history.shape[1]]))
    exclude(scores, history)
    chances = torch.from_numpy(scores).double().softmax(1).numpy()[0]
    names, titles = _names(facts), facts.get("titles", {})
    told = [(names[item], float(chances[item])) for item in top(scores)[0] if item]
    return {
        "items": [{"item": item, **_titled(item, titles), "confidence": chance} for item, chance in told],
        "known": history.shape[1],
        "unknown": int(sample["unknown"]),
    }


def rank(net: nn.Module, samples: Samples) -> Ranked:
    """Rank all items for each sample, without those in its history."""
    places, items = [], []
    for indices in blocks(samples):
        batch = samples.take(indices)
        scores = _scores(net, batch["history"], batch["history_length"])
        exclude(scores, batch["history"])
        places.append(place(scores, batch["answer"]))
        items.append(top(scores))
    return Ranked(np.concatenate(places), np.concatenate(items))


def exclude(scores: np.ndarray, history: np.ndarray) -> None:
    """Give what is in a history (B, L), and item 0, no chance: −∞ in scores (B, 1 + items)."""
    np.put_along_axis(scores, history.astype(np.int64), -np.inf, axis=1)
    scores[:, 0] = -np.inf


def place(scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Where each answer (B,) stands, int64 from 0; of equal scores the earlier item stands first. Last, with all others,
    is an answer that is excluded."""
    own = np.take_along_axis(scores, answers[:, None].astype(np.int64), axis=1)
    earlier = np.arange(scores.shape[1]) < answers[:, None]
    ahead = (scores > own) | ((scores == own) & earlier)
    return np.where(np.isfinite(own[:, 0]), ahead.sum(1), scores.shape[1])


def top(scores: np.ndarray) -> np.ndarray:
    """The items with the highest scores, best first, earlier ones first among equals: (B, SHOWN); 0 where none is left."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :SHOWN]
    return np.where(np.isfinite(np.take_along_axis(scores, best, axis=1)), best, 0)


def ndcg(places: np.ndarray, most: int = SHOWN) -> np.ndarray:
    """Normalised discounted cumulative gain of one right answer: 1 / log2(2 + place) within the first `most`, else 0.

    Järvelin and Kekäläinen 2002, Cumulated gain-based evaluation of IR techniques, with logarithms of base 2.
    """
    return np.where(places < most, 1 / np.log2(2.0 + places), 0.0)


def hit_rate(places: np.ndarray, most: int = SHOWN) -> float:
    """The share of answers among the first `most`."""
    return float((places < most).mean())


def curve(places: np.ndarray) -> list[float]:
    """The hit rate for every number of recommendations from 1 to 100."""
    return [hit_rate(places, most) for most in range(1, CURVE + 1)]


def _names(facts: Mapping[str, Any]) -> np.ndarray:
    """What each item is called, by its number, objects (1 + items,); "" is none."""
    numbers = facts["learnt"]["items"]
    return np.array(["", *sorted(numbers, key=numbers.__getitem__)], dtype=object)


def _called(facts: Mapping[str, Any]) -> np.ndarray:
    """The same with the title behind, of items that have one."""
    titles = facts.get("titles", {})
    return np.array([f"{name} {titles[name]}" if name in titles else name for name in _names(facts)], dtype=object)


def _titled(item: str, titles: Mapping[str, str]) -> dict[str, str]:
    return {"title": titles[item]} if item in titles else {}


def _scores(net: nn.Module, history: np.ndarray, length: np.ndarray) -> np.ndarray:
    machine = device.prepare()
    net.to(machine.device).eval()
    with torch.inference_mode():
        scores = net(*(device.tensor(values).to(machine.device) for values in (history, length)))
    return scores.float().cpu().numpy().copy()


def _summary(found: Ranked, plain: Ranked, answers: np.ndarray, items: int) -> dict[str, float]:
    gain, gain_of_popularity = ndcg(found.places).mean(), ndcg(plain.places).mean()
    return {
        "ndcg_at_10": float(gain),
        "hit_rate_at_10": hit_rate(found.places),
        "popularity_ndcg_at_10": float(gain_of_popularity),
        "popularity_hit_rate_at_10": hit_rate(plain.places),
        "ndcg_over_popularity": float(gain / gain_of_popularity) if gain_of_popularity else 0.0,
        "coverage_at_10": len(np.unique(found.items[found.items > 0])) / items,
        "answers_never_seen": float((answers == 0).mean()),
    }


def _examples(samples: Samples, called: np.ndarray, found: Ranked) -> list[dict[str, Any]]:
    """People spread evenly over the samples."""
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(EXAMPLES, len(samples))).astype(np.int64))
    batch = samples.take(chosen)
    rows = zip(chosen, batch["history"], batch["history_length"], batch["answer"], strict=True)
    return [
        {
            "chosen last": "; ".join(called[history[max(0, length - LATEST) : length]]),
            "recommended": "; ".join(called[item] for item in found.items[index] if item),
            "chosen next": called[answer] or "never seen in training",
            "its place": int(found.places[index]) + 1 if answer else "–",
        }
        for index, history, length, answer in rows
    ]


def _by_popularity(ranked: Mapping[str, Ranked], answers: np.ndarray, counts: np.ndarray) -> list[dict[str, Any]]:
    """Items in four groups with a quarter of all training choices each, most popular first: what share of the answers
    and of the recommendations falls on each."""
    before = np.cumsum(counts) - counts  # choices of more popular items
    group = np.minimum(4 * before // max(1, counts.sum()), 3)
    group[0] = -1
    return [
        {
            "items": f"{label} quarter of choices",
            "number": int((group == number).sum()),
            "share of answers": float((group[answers] == number).mean()),
            **{f"recommended by {name}": float((group[each.items] == number).mean()) for name, each in ranked.items()},
        }
        for number, label in enumerate(("most popular", "second", "third", "rarest"))
    ]
