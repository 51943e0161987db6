"""Assets that look, sound or read nearly alike, and among them the pairs that stand both in train and in test."""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow.compute as pc

from media import likeness, near_duplicates
from media.checks import EXAMPLES, Examples, Finding, Subject

ADVICE = {
    "report": "look at them; near_duplicates: together or refuse in the source settles it",
    "together": "a split keeps them together",
    "refuse": "all but the first of each are refused",
}
"""By what the source says of near-duplicates."""


def check(subject: Subject) -> Iterator[Finding]:
    """The number of pairs, and of those across the official splits. How they are found says `media.likeness`."""
    ids = subject.table["asset_id"].to_pylist()
    paths = dict(zip(ids, pc.list_element(subject.table["paths"], 0).to_pylist(), strict=True))
    splits = dict(zip(ids, subject.table["split"].to_pylist(), strict=True))
    if {"train", "test"} <= set(splits.values()):
        leaks = near_duplicates.crossing(subject.pairs, splits)
        yield Finding(
            check="near_duplicates_across_splits",
            value=len(leaks),
            verdict="noted" if leaks else "ok",
            message=f"pairs of near-duplicates with one in train and the other in test: {len(leaks):,}"
            + ("; what is measured on these was seen in training: delete those in train" if leaks else ""),
            examples=_examples(leaks, paths),
        )
    count = len(subject.pairs)
    closest = subject.pairs.sort_by("distance").slice(0, EXAMPLES)
    pairs = zip(closest["first"].to_pylist(), closest["second"].to_pylist(), strict=True)
    yield Finding(
        check="near_duplicates",
        value=count,
        verdict="noted" if count else "ok",
        message=f"pairs of near-duplicates: {count:,}{' or more' * (count >= likeness.MOST)}"
        + (f"; {ADVICE[subject.source.near_duplicates]}" if count else ""),
        examples=_examples(pairs, paths),
    )


def _examples(pairs: Iterable[tuple[str, str]], paths: Mapping[str, str]) -> Examples:
    return tuple((paths[first], paths[second]) for first, second in list(pairs)[:EXAMPLES])
