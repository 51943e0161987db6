"""How evenly a source's classes are filled, and assets without a label among labelled ones."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from media.checks import Finding, Subject, examples, listed
from media.summary import counts

LOPSIDED = 10
"""Times that the largest class may be as large as the smallest before it is noted."""
FEW = 10
"""With fewer assets than this a class can hardly be learned and measured as well."""
CLASSES = 0.5
"""With more labels than this share of the assets, labels are transcripts or titles, not classes."""


def check(subject: Subject) -> Iterator[Finding]:
    """The ratio of the largest to the smallest class, classes with few assets, and the number of unlabelled assets."""
    sizes = counts(pc.list_flatten(subject.admitted["labels"]))
    if not sizes:
        return
    yield _unlabelled(subject.admitted)
    if len(sizes) > max(1.0, CLASSES * len(subject.admitted)):
        return
    yield _ratio(sizes)
    yield _few(sizes)


def _ratio(sizes: Mapping[str, int]) -> Finding:
    largest, smallest = max(sizes, key=lambda name: sizes[name]), min(sizes, key=lambda name: sizes[name])
    ratio = sizes[largest] / sizes[smallest]
    told = f"the largest, {largest!r}, has {sizes[largest]:,} assets, the smallest, {smallest!r}, {sizes[smallest]:,}"
    advice = f"; beyond {LOPSIDED} times, accuracy says little: weigh classes, or look at each one"
    return Finding(
        check="class_balance",
        value=round(ratio, 6),
        verdict="noted" if ratio > LOPSIDED else "ok",
        message=f"{len(sizes):,} classes: {told}" + (advice if ratio > LOPSIDED else ""),
    )


def _few(sizes: Mapping[str, int]) -> Finding:
    few = sorted((name for name in sizes if sizes[name] < FEW), key=lambda name: (sizes[name], name))
    told = f", {listed(few)}; add some or merge classes" if few else ""
    return Finding(
        check="small_classes",
        value=len(few),
        verdict="noted" if few else "ok",
        message=f"classes with fewer than {FEW} assets: {len(few):,} of {len(sizes):,}{told}",
    )


def _unlabelled(admitted: pa.Table) -> Finding:
    bare = admitted.filter(pc.equal(pc.list_value_length(admitted["labels"]), 0))
    advice = "; label them, or they train nothing that needs labels" if len(bare) else ""
    return Finding(
        check="unlabelled",
        value=len(bare),
        verdict="noted" if len(bare) else "ok",
        message=f"assets without a label: {len(bare):,} of {len(admitted):,}{advice}",
        examples=examples(bare),
    )
