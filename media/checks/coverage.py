"""Labels that are tested and were never trained on, by the official splits."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from media.checks import Finding, Subject, examples, listed


def check(subject: Subject) -> Iterator[Finding]:
    """The number of labels in an official test or validation split that are not in train, if there is a train split."""
    table = subject.admitted
    trained = _labels(table, "train")
    for split in ("test", "validation"):
        found = _labels(table, split)
        if not (trained and found):
            continue
        untrained = sorted(found - trained)
        told = f", {listed(untrained)}; move some of their assets to train" if untrained else ""
        yield Finding(
            check=f"untrained_labels_in_{split}",
            value=len(untrained),
            verdict="noted" if untrained else "ok",
            message=f"labels in {split} that are not in train: {len(untrained):,} of {len(found):,}{told}",
            examples=_carriers(table.filter(pc.equal(table["split"], split)), untrained),
        )


def _labels(table: pa.Table, split: str) -> set[str]:
    here = table.filter(pc.equal(table["split"], split))["labels"]
    return set(pc.unique(pc.list_flatten(here)).to_pylist())


def _carriers(table: pa.Table, labels: list[str]) -> tuple[tuple[str, ...], ...]:
    rows, values = pc.list_parent_indices(table["labels"]), pc.list_flatten(table["labels"])
    return examples(table.take(pc.unique(rows.filter(pc.is_in(values, pa.array(labels, pa.string()))))))
