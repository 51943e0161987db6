"""How much of a source was refused, held against its `max_quarantined`."""

import pyarrow as pa

from media.checks import Finding
from project.params import Source


def check(source: Source, table: pa.Table) -> list[Finding]:
    return []
