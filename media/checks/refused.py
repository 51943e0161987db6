"""How much of a source was refused, held against its `max_quarantined`, and how much of it for its name alone."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from media.catalog import QUARANTINED
from media.checks import Finding, Subject, examples
from media.findings import MISNAMED
from media.sources import DOCUMENT
from media.summary import counts


def check(subject: Subject) -> Iterator[Finding]:
    """The share of refused assets, without documents, and the number of those with a wrong extension."""
    refused = _refused(subject.table)
    assets = len(subject.admitted) + len(refused)
    share = len(refused) / assets if assets else 0.0
    limit = subject.source.max_quarantined
    yield Finding(
        check="refused",
        value=round(share, 6),
        limit=limit,
        verdict="exceeded" if share > limit else "noted" if share else "ok",
        message=f"refused assets: {len(refused):,} of {assets:,}, max_quarantined is {limit:g}{_most(refused)}",
        examples=examples(refused),
    )
    misnamed = refused.filter(pc.starts_with(refused["reason"], MISNAMED))
    if len(misnamed):
        yield Finding(
            check="wrong_extension",
            value=len(misnamed),
            verdict="noted",
            message=f"assets named as another format: {len(misnamed):,}; rename them as their reasons say",
            examples=examples(misnamed),
        )


def _refused(table: pa.Table) -> pa.Table:
    document = pc.equal(table["reason"], DOCUMENT)
    return table.filter(pc.and_not(pc.equal(table["status"], QUARANTINED), document))


def _most(refused: pa.Table) -> str:
    reasons = counts(refused["reason"])
    if not reasons:
        return ""
    reason = max(reasons, key=lambda each: reasons[each])
    return f"; most often: {reason}"
