"""What a shard file holds, and how its samples are named."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from media.units import Unit
from media.variants import Variants

COLUMNS = {"label": "int64", "copy": "int64", "fold": "int64", "sample_id": "S32"}
"""What every sample has besides its fields. `label` counts in facts["classes"]; `copy` 0 is the original."""


def file_name(split: str, bucket: str) -> str:
    return f"{split}-{bucket}.arrow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One file to write: its units, sorted by id, with their class numbers and fold numbers.

    `rows` holds the catalog rows of all their parents, by asset id.
    """

    split: str
    bucket: str
    copies: int
    units: Sequence[Unit]
    rows: Mapping[str, Mapping[str, Any]]
    labels: Sequence[int]
    folds: Sequence[int]

    @property
    def samples(self) -> int:
        """How many samples it holds: each unit and its copies."""
        return len(self.units) * (1 + self.copies)


def transform(variants: Variants) -> str:
    """How copies are made, as JSON."""
    return json.dumps({"seed": variants.seed, **{operation.key: amount for operation, amount in variants.operations}})


def sample_id(unit_id: str, copy: int, made: str) -> str:
    """32 hexadecimal digits that name a sample by its unit, its copy and how that copy was made (`transform`)."""
    return hashlib.sha256(f"{unit_id} {copy} {made if copy else ''}".encode()).hexdigest()[:32]
