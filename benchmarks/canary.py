"""How often the canary rolls back: versions that are equally good, and worse ones. `python -m benchmarks.canary [PAIRS]`

Each pair is looked at four times, at 50, 100, 200 and 400 new assets, or until it is rolled back. Answers differ on one
asset in ten, each version being right on half of those when they are equally good. With speakers, ten clips of a speaker
differ alike. "Interval alone" leaves the sign flips out, "every look at 95 %" leaves the shared error out as well.
"""

import sys
from collections.abc import Iterator

import numpy as np

from project.watching import Monitor
from registry import canary

LOOKS = (50, 100, 200, 400)
RULE = Monitor()


def differences(generator: np.random.Generator, worse: float, together: int) -> np.ndarray:
    """-1, 0 or 1 for each of the last look's assets, `together` alike; -`worse` on average."""
    chance = [0.05 + worse / 2, 0.9, 0.05 - worse / 2] if worse <= 0.1 else [worse, 1 - worse, 0.0]
    drawn = generator.choice([-1.0, 0.0, 1.0], LOOKS[-1] // together, p=chance)
    return np.repeat(drawn, together)


def looks(values: np.ndarray, together: int) -> Iterator[tuple[bool, bool, bool]]:
    """Whether each look says worse: by the rule, by its interval alone, by an interval of 95 % each time."""
    for number, size in enumerate(LOOKS, 1):
        live = {f"{i:04}": float(value) for i, value in enumerate(values[:size])}
        groups = {f"{i:04}": str(i // together) for i in range(size)}
        found = canary.compare(live, dict.fromkeys(live, 0.0), groups, RULE, number)
        naive = canary.compare(live, dict.fromkeys(live, 0.0), groups, Monitor(confidence=0.9), 1)
        yield found.verdict == "worse", found.interval[1] < 0, naive.interval[1] < 0


def rolled_back(worse: float, together: int, pairs: int) -> list[float]:
    """The share of pairs that any look calls worse, in these three ways."""
    generator = np.random.default_rng(0)
    said = [list(looks(differences(generator, worse, together), together)) for _ in range(pairs)]
    return [float(np.mean([any(look[way] for look in pair) for pair in said])) for way in range(3)]


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{pairs} pairs each: rolled back by the rule, by its interval alone, by an interval of 95 % each time")
    for together in (1, 10):
        for worse in (0.0, 0.05, 0.1):
            rule, alone, naive = rolled_back(worse, together, pairs)
            print(f"{together:2} alike, worse by {worse:.2f}: {rule:6.1%} {alone:6.1%} {naive:6.1%}")


if __name__ == "__main__":
    main()
