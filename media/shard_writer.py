"""One shard file: the samples of some assets of one split, decoded and varied, in order of asset id and copy."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from media import buckets, columns, draws
from media.ragged import joined
from media.sample import Field
from media.shard import COLUMNS, Shard, file_name, sample_id, transform
from media.statistics import Sums, sums
from media.variants import Variants
from project.errors import DailiesError
from project.params import Split

Sample = Mapping[str, Any]
SEEN_BY_READ = ("asset_id", "kind", "format", "mode", "width", "height", "frames", "rate_hz", "channels", "duration_s",
                "characters", "labels", "regions", "group", "split")  # fmt: skip
"""Catalog columns that may shape a sample. A renamed file or a new licence changes none, so it rewrites no shard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How samples are made.

    read      (bytes of an asset, its catalog row with the columns SEEN_BY_READ, settings) → its `fields`
    fields    what one sample holds: name → dtype and shape
    variants  copies of training samples
    split     fractions held out
    """

    read: Callable[[bytes, Mapping[str, Any], Any], Sample]
    fields: Mapping[str, Field]
    settings: Any
    variants: Variants
    split: Split


def write(shard: Shard, out: Path, blobs: buckets.Blobs, plan: Plan, previous: Path | None) -> Sums | None:
    """Write one file into `out`, or link it from `previous`, an earlier result of the same code and settings, if that
    was made of the same assets.

    Returns the sums of its original images when it belongs to train. Raises DailiesError for an asset without samples.
    """
    path = out / file_name(shard.split, shard.bucket)
    identity = _identity(shard, plan)
    earlier = previous / path.name if previous else None
    if earlier and earlier.is_file() and columns.metadata(earlier).get("made_of") == identity:
        buckets.link(earlier, path)
        arrays = columns.read(path)
    else:
        arrays = _filled(shard, blobs, plan)
        columns.write(path, arrays, {"made_of": identity})
    images = arrays.get("image")
    if shard.split != "train" or not isinstance(images, np.ndarray) or images.ndim != 4:
        return None
    return sums(images[:: 1 + shard.copies])


def _identity(shard: Shard, plan: Plan) -> str:
    """The hash of what decides the content of a file besides code and settings.

    Those are left out on purpose: kept in the file, a new version of any library would alter all shards and retrain
    every model, even when no sample differs.
    """
    seen = [[row.get(name) for name in SEEN_BY_READ] for row in shard.rows]
    made = transform(plan.variants) if shard.copies else ""
    decisive = [shard.split, shard.copies, made, shard.labels, shard.folds, seen]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _filled(shard: Shard, blobs: buckets.Blobs, plan: Plan) -> dict[str, columns.Column]:
    each = 1 + shard.copies
    made = transform(plan.variants)
    whole = {name: field for name, field in plan.fields.items() if not field.ragged}
    arrays = {name: np.empty((shard.samples, *field.fixed), field.dtype) for name, field in whole.items()}
    sequences: dict[str, list[np.ndarray]] = {name: [] for name in plan.fields.keys() - whole.keys()}
    for number, row in enumerate(shard.rows):
        for copy, sample in enumerate(_samples(blobs.get(row["asset_id"]), row, plan, shard.copies)):
            for name, field in plan.fields.items():
                value = _checked(name, np.asarray(sample[name]), field)
                if field.ragged:
                    sequences[name].append(value)
                else:
                    arrays[name][number * each + copy] = value
    ids = [sample_id(row["asset_id"], copy, made) for row in shard.rows for copy in range(each)]
    filled = {
        name: joined(sequences[name], field.dtype, field.fixed) if field.ragged else arrays[name]
        for name, field in plan.fields.items()
    }
    return filled | {
        "label": np.repeat(np.array(shard.labels, COLUMNS["label"]), each),
        "copy": np.tile(np.arange(each, dtype=COLUMNS["copy"]), len(shard.rows)),
        "fold": np.repeat(np.array(shard.folds, COLUMNS["fold"]), each),
        "sample_id": np.array(ids, COLUMNS["sample_id"]),
    }


def _samples(data: bytes, row: Mapping[str, Any], plan: Plan, copies: int) -> Iterator[Sample]:
    """The original, then its copies."""
    try:
        original = plan.read(data, {name: row.get(name) for name in SEEN_BY_READ}, plan.settings)
    except (OSError, ValueError) as error:
        raise DailiesError(f"asset {row['asset_id'][:12]} cannot be read, though it was admitted: {error}") from None
    yield original
    for copy in range(1, copies + 1):
        sample = original
        for operation, amount in plan.variants.operations:
            draw = draws.generator(plan.variants.seed, row["asset_id"], copy, operation.key)
            try:
                sample = operation.apply(sample, draw, amount)
            except ValueError as error:
                raise DailiesError(f"augment.{operation.key} fails on asset {row['asset_id'][:12]}: {error}") from None
        yield sample


def _checked(name: str, value: np.ndarray, field: Field) -> np.ndarray:
    shape = value.shape[1:] if field.ragged and value.ndim else value.shape
    if shape != field.fixed or value.dtype != field.dtype or (field.ragged and not value.ndim):
        raise DailiesError(
            f"field {name!r} is {value.dtype} of shape {value.shape}, but the recipe's fields say {field.dtype} "
            f"of shape {field.shape}; correct its read or its fields"
        )
    return value
