"""One shard file: the samples of some assets of one split, decoded and varied, in order of asset id and copy."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from media import buckets, columns, draws
from media.ragged import joined
from media.sample import Field
from media.shard import COLUMNS, Shard, file_name, sample_id, transform
from media.statistics import Sums, sums
from media.units import Rows, Sample, Unit, as_it_is, only, whole
from media.variants import Variants
from project.errors import DailiesError
from project.params import Split

KEPT = 32
"""How many assets just read are kept for the next units: windows of one file lie beside each other."""
SEEN_BY_READ = ("asset_id", "kind", "format", "mode", "width", "height", "frames", "rate_hz", "channels", "duration_s",
                "characters", "events", "labels", "regions", "group", "split")  # fmt: skip
"""Catalog columns that may shape a sample. A renamed file or a new licence changes none, so it rewrites no shard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How samples are made.

    read      (bytes of an asset, its catalog row with the columns SEEN_BY_READ, settings) → what is in it, by name
    fields    what one sample holds: name → dtype and shape
    variants  copies of training samples
    split     fractions held out
    compose   (rows with their split, settings) → the units to make; each asset is one without it
    join      (what was read of each parent, the unit, settings) → one sample; that of the only parent without it
    learn     (training samples as joined, settings) → facts that `encode` needs, such as a vocabulary
    encode    (a sample after its variation, settings, learnt facts) → its `fields`
    """

    read: Callable[[bytes, Mapping[str, Any], Any], Sample]
    fields: Mapping[str, Field]
    settings: Any
    variants: Variants
    split: Split
    compose: Callable[[Rows, Any], Iterable[Unit]] = whole
    join: Callable[[Sequence[Sample], Unit, Any], Sample] = only
    learn: Callable[[Iterable[Sample], Any], Mapping[str, Any]] | None = None
    encode: Callable[[Sample, Any, Mapping[str, Any]], Sample] = as_it_is


def write(
    shard: Shard, out: Path, blobs: buckets.Blobs, plan: Plan, learnt: Mapping[str, Any], previous: Path | None
) -> Sums | None:
    """Write one file into `out`, or link it from `previous`, an earlier result of the same code and settings, if that
    was made of the same assets.

    Returns the sums of its original images when it belongs to train. Raises DailiesError for an asset without samples.
    """
    path = out / file_name(shard.split, shard.bucket)
    identity = _identity(shard, plan, learnt)
    earlier = previous / path.name if previous else None
    if earlier and earlier.is_file() and columns.metadata(earlier).get("made_of") == identity:
        buckets.link(earlier, path)
        arrays = columns.read(path)
    else:
        arrays = _filled(shard, blobs, plan, learnt)
        columns.write(path, arrays, {"made_of": identity})
    images = arrays.get("image")
    if shard.split != "train" or not isinstance(images, np.ndarray) or images.ndim != 4:
        return None
    return sums(images[:: 1 + shard.copies])


def _identity(shard: Shard, plan: Plan, learnt: Mapping[str, Any]) -> str:
    """The hash of what decides the content of a file besides code and settings.

    Those are left out on purpose: kept in the file, a new version of any library would alter all shards and retrain
    every model, even when no sample differs.
    """
    seen = [[unit.piece, [list(_seen(shard.rows[parent]).values()) for parent in unit.parents]] for unit in shard.units]
    made = transform(plan.variants) if shard.copies else ""
    decisive = [shard.split, shard.copies, made, shard.labels, shard.folds, seen, learnt]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def _seen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in SEEN_BY_READ}


def _filled(shard: Shard, blobs: buckets.Blobs, plan: Plan, learnt: Mapping[str, Any]) -> dict[str, columns.Column]:
    each = 1 + shard.copies
    made = transform(plan.variants)
    filled = {name: _room(field, shard.samples) for name, field in plan.fields.items()}
    for number, (unit, original) in enumerate(originals(shard, blobs, plan)):
        for copy, varied in enumerate(_varied(original, unit, plan, shard.copies)):
            sample = plan.encode(varied, plan.settings, learnt)
            for name, field in plan.fields.items():
                filled[name][number * each + copy] = _checked(name, np.asarray(sample[name]), field)
    ids = [sample_id(unit.id, copy, made) for unit in shard.units for copy in range(each)]
    fields = {
        name: joined(filled[name], field.dtype, field.fixed) if field.ragged else filled[name]
        for name, field in plan.fields.items()
    }
    return fields | {
        "label": np.repeat(np.array(shard.labels, COLUMNS["label"]), each),
        "copy": np.tile(np.arange(each, dtype=COLUMNS["copy"]), len(shard.units)),
        "fold": np.repeat(np.array(shard.folds, COLUMNS["fold"]), each),
        "sample_id": np.array(ids, COLUMNS["sample_id"]),
    }


def _room(field: Field, samples: int) -> Any:
    """Something with a place for each sample."""
    return [None] * samples if field.ragged else np.empty((samples, *field.fixed), field.dtype)


def originals(shard: Shard, blobs: buckets.Blobs, plan: Plan) -> Iterator[tuple[Unit, Sample]]:
    """Each unit with its sample, not varied yet."""
    read: dict[str, Sample] = {}
    for unit in shard.units:
        for parent in unit.parents:
            if parent not in read:
                read[parent] = _read(parent, shard, blobs, plan)
        yield unit, plan.join([read[parent] for parent in unit.parents], unit, plan.settings)
        for parent in list(read)[:-KEPT]:
            del read[parent]


def _read(parent: str, shard: Shard, blobs: buckets.Blobs, plan: Plan) -> Sample:
    try:
        return plan.read(blobs.get(parent), _seen(shard.rows[parent]), plan.settings)
    except (OSError, ValueError) as error:
        raise DailiesError(f"asset {parent[:12]} cannot be read, though it was admitted: {error}") from None


def _varied(original: Sample, unit: Unit, plan: Plan, copies: int) -> Iterator[Sample]:
    """The original, then its copies."""
    yield original
    for copy in range(1, copies + 1):
        sample = original
        for operation, amount in plan.variants.operations:
            draw = draws.generator(plan.variants.seed, unit.id, copy, operation.key)
            try:
                sample = operation.apply(sample, draw, amount)
            except ValueError as error:
                raise DailiesError(f"augment.{operation.key} fails on asset {unit.id[:12]}: {error}") from None
        yield sample


def _checked(name: str, value: np.ndarray, field: Field) -> np.ndarray:
    shape = value.shape[1:] if field.ragged and value.ndim else value.shape
    if shape != field.fixed or value.dtype != field.dtype or (field.ragged and not value.ndim):
        raise DailiesError(
            f"field {name!r} is {value.dtype} of shape {value.shape}, but the recipe's fields say {field.dtype} "
            f"of shape {field.shape}; correct its read or its fields"
        )
    return value
