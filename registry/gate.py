"""The gate between registered and promoted: floors, and not worse than the champion on the same test assets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95
LARGEST_DRAW = 4_000_000
"""Numbers drawn at once, 32 MB; in how many pieces the draws come changes none of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and what came of it."""

    rule: str
    passed: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def floors(limits: Mapping[str, Mapping[str, float]], metrics: Mapping[str, float]) -> list[Rule]:
    """Each limit of params.yaml against its metric. A metric that was not measured, or is NaN, fails."""
    rules = []
    for name, limit in limits.items():
        [(bound, value)] = limit.items()
        got = metrics.get(name, float("nan"))
        passed = got >= value if bound == "at_least" else got <= value
        sign = (">=" if passed else "<") if bound == "at_least" else ("<=" if passed else ">")
        measured = f"{name} {got:.4f} {sign} {value:g}" if name in metrics else f"{name} was not measured"
        rules.append(Rule(f"{name} {bound.replace('_', ' ')} {value:g}", bool(passed), measured))
    return rules


RIGHTS = "rights"
"""The rule that nobody may override."""


def rights(model: str, barred: Mapping[str, int]) -> Rule:
    """Whether the model holds assets that it may not use today, counted by reason."""
    said = ", ".join(f"{count:,} {reason}" for reason, count in sorted(barred.items()))
    reason = f"{model} holds assets that it may not use: {said}" if said else "every asset in it may be used today"
    return Rule(RIGHTS, not said, reason)


def against_champion(
    candidate: Mapping[str, float], champion: Mapping[str, float], version: str, worse_by: float = 0.0
) -> Rule:
    """Per-asset scores (1 = right, 0 = wrong) of both on the same assets, compared asset by asset.

    Paired bootstrap of the mean difference (Efron and Tibshirani 1993, chapter 16): the candidate is refused when the
    whole 95 % interval lies below -`worse_by`. A small test set gives a wide interval, so the floors guard against a slow
    slide.
    """
    rule = f"not worse than {version}" + (f" by {worse_by:g}" if worse_by else "")
    shared = sorted(candidate.keys() & champion.keys())
    if not shared or len(shared) < len(candidate):
        return Rule(rule, False, f"{version} was measured on {len(shared)} of the {len(candidate)} test assets")
    difference = np.array([candidate[asset] - champion[asset] for asset in shared])
    low, high = bootstrap(difference)
    reason = f"{difference.mean():+.4f} against {version}, {CONFIDENCE:.0%} interval {low:+.4f} to {high:+.4f}"
    return Rule(rule, bool(high >= -worse_by), f"{reason}, {len(shared)} assets")


def bootstrap(values: np.ndarray, of: np.ndarray | None = None, seed: int = 0) -> tuple[float, float]:
    """The percentile interval of the sum of `values` (n,) over that of `of` (n,), by default of ones: of their mean."""
    generator = np.random.default_rng(seed)
    pairs = np.stack([values, np.ones(len(values)) if of is None else of], 1)
    # Resampling n values with replacement draws each distinct value a multinomial number of times.
    distinct, counts = np.unique(pairs, axis=0, return_counts=True)
    rows = max(1, LARGEST_DRAW // len(distinct))
    sizes = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    draws = (generator.multinomial(len(values), counts / len(values), size=size) for size in sizes)
    sums = np.concatenate([draw @ distinct for draw in draws])
    means = sums[:, 0] / np.where(sums[:, 1], sums[:, 1], 1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
