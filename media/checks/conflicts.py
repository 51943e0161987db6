"""The same bytes under several paths that disagree about their label, group or split."""

from collections.abc import Iterator

import pyarrow.compute as pc

from media.checks import Finding, Subject, examples
from media.findings import CONFLICTS

ADVICE = {
    "two_labels": "that of most paths counts, without a majority it is refused; delete or relabel the others",
    "two_groups": "the first by name counts; give the same bytes one group",
    "two_splits": "test goes before validation, validation before train; delete the other copies",
}


def check(subject: Subject) -> Iterator[Finding]:
    """A number of assets for each way to disagree."""
    conflicts = subject.table["conflicts"]
    rows, values = pc.list_parent_indices(conflicts), pc.list_flatten(conflicts)
    for name in CONFLICTS:
        found = subject.table.take(rows.filter(pc.equal(values, name)))
        yield Finding(
            check=name,
            value=len(found),
            verdict="noted" if len(found) else "ok",
            message=f"assets with {name.replace('_', ' ')} for the same bytes: {len(found):,}"
            + (f"; {ADVICE[name]}" if len(found) else ""),
            examples=examples(found),
        )
