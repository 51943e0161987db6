"""What probes noted in assets that they admitted, where it often means a mistake."""

from collections.abc import Iterator

import pyarrow.compute as pc

from media.checks import Finding, Subject, examples

ADVICE = {
    "beyond full scale": "it is divided by its peak when read; check the gain of the recording",
    "encoding guessed": "declare the source's encoding",
    "open edge": "check that the level is whole",
    "repeated items": "check that the table was not joined twice",
    "replacement characters": "a wrong encoding was used before; fetch the original",
    "silence": "look whether the recording failed",
}


def check(subject: Subject) -> Iterator[Finding]:
    """A number of assets for each signal that occurs."""
    signals = subject.admitted["signals"]
    rows, values = pc.list_parent_indices(signals), pc.list_flatten(signals)
    for name, advice in ADVICE.items():
        found = subject.admitted.take(rows.filter(pc.equal(values, name)))
        if len(found):
            yield Finding(
                check=name.replace(" ", "_"),
                value=len(found),
                verdict="noted",
                message=f"assets noted as {name!r}: {len(found):,} of {len(subject.admitted):,}; {advice}",
                examples=examples(found),
            )
