"""Is a live version worse than the one before it, on assets that arrived after both? If so, that one comes back.

Each look compares the answers asset by asset, as the gate does. Looking often finds a difference sooner or later where
there is none, so looks are few and share one error: the first is taken at `at_least` assets, each later one at twice as
many as the one before, and look k spends 1/2^k of the error (a bound by Bonferroni's inequality; spending an error over
looks: Lan and DeMets 1983, Biometrika 70, page 659). Two things must hold for "worse":

* the whole interval lies below `-worse_by`: a bootstrap of whole groups where assets have groups (Davison and Hinkley
  1997, section 3.8), of assets where they have none;
* so few sign flips make the sum as low that chance is no explanation: under "no difference" each group's sum is as likely
  with either sign. This holds for any number of groups (Canay, Romano and Shaikh 2017, Econometrica 85, page 1013), where
  a bootstrap of few trusts itself too much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from project.watching import Monitor
from registry import gate, promotion, records, tags
from registry.events import Event
from registry.promotion import Allowed, Moved
from registry.tags import Version

STAGE = "prod"
DRAWS_IN_TAIL = 100
"""So many resamples lie beyond each end of an interval, at least."""
MOST_DRAWS = 400_000
Verdict = Literal["worse", "not worse", "better"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A live version and the one that a rollback would make live again."""

    live: Version
    before: Version

    @property
    def said(self) -> str:
        return f"{self.live.tag} against {self.before.version}"


@dataclass(frozen=True, slots=True)
class Look:
    """One comparison. `interval` is at `confidence`, which is that of this look alone; `chance` is of the sign flips."""

    number: int
    assets: int
    groups: int
    difference: float
    interval: tuple[float, float]
    confidence: float
    chance: float
    verdict: Verdict

    @property
    def word(self) -> str:
        """The verdict with its figures."""
        return f"{'no worse' if self.verdict == 'not worse' else self.verdict}, {self.said}"

    @property
    def said(self) -> str:
        """The figures."""
        low, high = self.interval
        among = f" in {self.groups:,} groups" if self.groups != self.assets else ""
        return (
            f"{self.difference:+.4f}, {100 * self.confidence:.6g}% interval {low:+.4f} to {high:+.4f}, "
            f"on {self.assets:,} new assets{among}"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"interval": list(self.interval)}


def pair(root: Path, name: str) -> Pair | None:
    """None while nothing is live, or nothing was before."""
    line = tags.lines(root, name).get(name)
    live = tags.live(root, name, STAGE)
    before = line.before(STAGE) if line else None
    return Pair(live, before) if live and before else None


def looks(root: Path, of: Pair) -> list[Look]:
    """Those taken at this pair, the first first."""
    return [look for before, look in looks_of(root, of.live) if before == of.before.version]


def looks_of(root: Path, version: Version) -> list[tuple[str, Look]]:
    """Those taken at a version, each with the version that it was compared with."""
    names = set(Look.__dataclass_fields__)
    found = [each.message for each in records.read(root, records.look(version.name, version.version))]
    taken = [(said["before"], Look(**{key: value for key, value in said.items() if key in names})) for said in found]
    return sorted(taken, key=lambda each: (each[0], each[1].number))


def needed(rule: Monitor, past: Sequence[Look]) -> int:
    """How many new assets the next look takes."""
    return max(rule.at_least, 2 * past[-1].assets) if past else rule.at_least


def rolled_back(root: Path, of: Pair) -> Event | None:
    """The tag by which the rule rolled this pair back, if it did; a person may have made the version live again."""
    past = [each for each in promotion.history(root, of.live.name) if each.kind == "unassign"]
    found = [e for e in past if "monitor" in e.message and e.commit == of.live.commit]
    return next((each for each in found if each.message.get("back_to") == of.before.version), None)


def compare(
    live: Mapping[str, float], before: Mapping[str, float], groups: Mapping[str, str], rule: Monitor, number: int
) -> Look:
    """Judge scores (1 = right, 0 = wrong) of both on the same assets. An asset without a group is one of its own."""
    assets = sorted(live.keys() & before.keys())
    numbered: dict[str, int] = {}
    place = [numbered.setdefault(groups.get(asset) or f"asset {asset}", len(numbered)) for asset in assets]
    sums, counts = np.zeros(len(numbered)), np.zeros(len(numbered))
    np.add.at(sums, place, [live[asset] - before[asset] for asset in assets])
    np.add.at(counts, place, 1)
    error = (1 - rule.confidence) / 2**number
    low, high = interval(sums, counts, error)
    chance = by_chance(sums + rule.worse_by * counts)
    worse = high < -rule.worse_by and chance <= error / 2
    verdict: Verdict = "worse" if worse else "better" if low > 0 else "not worse"
    mean = float(sums.sum() / counts.sum())
    return Look(number, len(assets), len(sums), mean, (low, high), 1 - error, chance, verdict)


def interval(sums: np.ndarray, counts: np.ndarray, error: float, seed: int = 0) -> tuple[float, float]:
    """Percentile interval, with `error` outside, of the mean of all values of groups that have these sums and counts."""
    kinds, weights = np.unique(np.stack([sums, counts], 1), axis=0, return_counts=True)  # (kinds, 2), (kinds,)
    draws = int(min(MOST_DRAWS, max(gate.RESAMPLES, 2 * DRAWS_IN_TAIL / error)))
    generator = np.random.default_rng(seed)
    means = []
    for size in _pieces(draws, len(kinds)):
        drawn = generator.multinomial(len(sums), weights / len(sums), size=size) @ kinds  # (size, 2)
        means.append(drawn[:, 0] / drawn[:, 1])
    low, high = np.quantile(np.concatenate(means), [error / 2, 1 - error / 2])
    return float(low), float(high)


def by_chance(sums: np.ndarray, seed: int = 0) -> float:
    """How often a sum is as low when the sign of each group's is random; at least 1 in the number of draws."""
    size, signed = np.abs(sums[sums != 0]), sums.sum()
    if not len(size):
        return 1.0
    generator = np.random.default_rng(seed)
    as_low = 0
    for count in _pieces(draws := MOST_DRAWS // 10, len(size)):
        flipped = generator.integers(0, 2, (count, len(size)), dtype=np.int8) * 2 - 1
        as_low += int((flipped @ size <= signed + 1e-12).sum())
    return (1 + as_low) / (1 + draws)


def _pieces(draws: int, width: int) -> list[int]:
    """How many draws to take at a time, so that memory holds them."""
    rows = max(1, gate.LARGEST_DRAW // width)
    return [min(rows, draws - start) for start in range(0, draws, rows)]


def record(root: Path, of: Pair, look: Look, more: Mapping[str, Any]) -> Look:
    """Keep a look. Of two clones that take the same one the second finds the first's, which counts."""

    def move() -> tuple[list[str], Look]:
        past = looks(root, of)
        if len(past) >= look.number:
            return [], past[look.number - 1]
        name = records.look(of.live.name, of.live.version, of.before.version, look.number)
        said = promotion.message(root, of.live, f"look {look.number} at {of.said}") | {"before": of.before.version}
        tags.add(root, name, of.live.commit, said | look.as_dict() | dict(more))
        return [name], look

    kept: Look = promotion.published(root, of.live.name, move)
    return kept


def roll_back(root: Path, of: Pair, look: Look, allowed: Allowed) -> Moved:
    """Make the one before live again. Raises RightsRefused or IntegrityError where it may not or cannot be."""
    why = f"worse than {of.before.version} on newly arrived assets: {look.said}"
    more = {"monitor": look.as_dict()}
    return promotion.rollback(
        root, of.live.name, STAGE, allowed, why, pair=(of.live.version, of.before.version), more=more
    )
