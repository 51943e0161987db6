"""Assets of which it is not said what may be done with them."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from media.checks import Finding, Subject, examples

UNSTATED = ("", "UNSTATED")


def check(subject: Subject) -> Iterator[Finding]:
    """Assets without a licence, and assets that show somebody of whose consent nothing is known."""
    table = subject.admitted
    licence = table.filter(pc.is_in(pc.fill_null(table["licence"], ""), pa.array(UNSTATED)))
    yield _finding("licence_unstated", licence, table, "without a stated licence", "ask the holder before release")
    shown = pc.not_equal(pc.fill_null(table["subject"], ""), "")
    unknown = table.filter(pc.and_(shown, pc.equal(pc.fill_null(table["consent"], "unknown"), "unknown")))
    yield _finding("consent_unknown", unknown, table, "that name a subject whose consent is unknown", "ask for it")


def _finding(check: str, found: pa.Table, among: pa.Table, said: str, advice: str) -> Finding:
    return Finding(
        check=check,
        value=len(found),
        verdict="noted" if len(found) else "ok",
        message=f"assets {said}: {len(found):,} of {len(among):,}" + (f"; {advice}" if len(found) else ""),
        examples=examples(found),
    )
