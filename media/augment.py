"""From `data/assets/<source>/` to `data/shards/<model>/`: decode, split, write varied copies of training samples."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from media import buckets, catalog, columns, derivation, draws, folders, parallel, shards, splits
from media.sample import Field
from media.statistics import mean_and_spread, sums
from media.variants import Variants
from project.errors import DailiesError
from project.params import Split

LARGEST_BYTES = 16 << 20
Sample = Mapping[str, Any]
Read = Callable[[bytes, Mapping[str, Any], Any], Sample]
Tick = Callable[[int, int], None]
"""Called with how many samples are done, and of how many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How samples are made. `read` turns the bytes and the catalog row of an asset into `fields`."""

    read: Read
    fields: Mapping[str, Field]
    settings: Any
    variants: Variants
    split: Split


@dataclass(frozen=True, slots=True)
class _Shard:
    """One file to write: the catalog rows of its assets, sorted by id, and their places."""

    split: str
    bucket: str
    rows: list[dict[str, Any]]
    copies: int

    @property
    def samples(self) -> int:
        return len(self.rows) * (1 + self.copies)


def augment(assets: Path, out: Path, plan: Plan, tick: Tick, *, workers: int | None = None) -> dict[str, Any]:
    """Write the folder `out` and return its facts. The result does not depend on the number of workers.

    Raises DailiesError when no asset is admitted or one cannot be read, NoSpace, and UsageError for the split.
    """
    rows = [row for row in catalog.read(assets) if row["status"] == catalog.ADMITTED]
    if not rows:
        raise DailiesError(f"{assets} has no admitted asset; its catalog says why each was refused")
    classes = sorted({label for row in rows for label in row["labels"]})
    places = splits.assign(rows, plan.split)
    files = list(_divided(rows, places, plan))
    blobs = buckets.Blobs(assets)
    with folders.replacing(out) as fresh:
        work = _writer(fresh, blobs, classes, places, plan)
        results: list[Any] = [None] * len(files)
        done, total = 0, sum(file.samples for file in files)
        for position, result in parallel.each(work, files, workers or parallel.cores()):
            results[position] = result
            done += files[position].samples
            tick(done, total)
        facts = _facts(rows, classes, files, plan, results)
        derivation.write(fresh, _derived(files, places, plan))
        (fresh / shards.FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def _divided(rows: Sequence[dict[str, Any]], places: Mapping[str, splits.Placed], plan: Plan) -> Iterator[_Shard]:
    one = sum(np.dtype(field.dtype).itemsize * prod(field.shape) for field in plan.fields.values())
    by_id = {row["asset_id"]: row for row in rows}
    for name in splits.NAMES:
        copies = plan.variants.copies if name == "train" else 0
        sizes = {asset_id: one * (1 + copies) for asset_id in by_id if places[asset_id].split == name}
        for bucket, ids in buckets.divide(sizes, LARGEST_BYTES).items() if sizes else ():
            yield _Shard(name, bucket, [by_id[asset_id] for asset_id in ids], copies)


def _writer(
    out: Path, blobs: buckets.Blobs, classes: Sequence[str], places: Mapping[str, splits.Placed], plan: Plan
) -> Callable[[_Shard], Any]:
    """A function that writes one file and returns the sums of its original images, if it is one of train."""
    index = {label: number for number, label in enumerate(classes)}

    def work(file: _Shard) -> Any:
        arrays = _arrays(file, plan)
        for number, row in enumerate(file.rows):
            asset_id = row["asset_id"]
            first = number * (1 + file.copies)
            label = index[row["labels"][0]] if row["labels"] else -1
            for copy, sample in enumerate(_samples(blobs.get(asset_id), row, plan, file.copies)):
                _fill(arrays, first + copy, sample)
                arrays["label"][first + copy] = label
                arrays["copy"][first + copy] = copy
                arrays["fold"][first + copy] = places[asset_id].fold
                arrays["sample_id"][first + copy] = sample_id(asset_id, copy, plan.variants)
        columns.write(out / shards.file_name(file.split, file.bucket), arrays)
        return sums(arrays["image"][:: 1 + file.copies]) if file.split == "train" and "image" in arrays else None

    return work


def _arrays(file: _Shard, plan: Plan) -> dict[str, np.ndarray]:
    fields = {name: np.empty((file.samples, *field.shape), field.dtype) for name, field in plan.fields.items()}
    return fields | {name: np.empty(file.samples, dtype) for name, dtype in shards.COLUMNS.items()}


def _samples(data: bytes, row: Mapping[str, Any], plan: Plan, copies: int) -> Iterator[Sample]:
    """The original, then its copies."""
    try:
        original = plan.read(data, row, plan.settings)
    except (OSError, ValueError) as error:
        raise DailiesError(f"asset {row['asset_id'][:12]} ({row['paths'][0]}) cannot be read: {error}") from None
    yield original
    for copy in range(1, copies + 1):
        sample = original
        for operation, amount in plan.variants.operations:
            draw = draws.generator(plan.variants.seed, row["asset_id"], copy, operation.key)
            sample = operation.apply(sample, draw, amount)
        yield sample


def _fill(arrays: Mapping[str, np.ndarray], position: int, sample: Sample) -> None:
    for name, value in sample.items():
        array = arrays[name]
        if np.shape(value) != array.shape[1:]:
            raise DailiesError(f"field {name!r} has shape {np.shape(value)}, the recipe says {array.shape[1:]}")
        array[position] = value


def sample_id(asset_id: str, copy: int, variants: Variants) -> str:
    """32 hexadecimal digits that name a sample by its asset, its copy and how that copy was made."""
    return hashlib.sha256(f"{asset_id} {copy} {transform(copy, variants)}".encode()).hexdigest()[:32]


def transform(copy: int, variants: Variants) -> str:
    """How a copy was made, as JSON; empty for the original."""
    if copy == 0:
        return ""
    return json.dumps({"seed": variants.seed, **{operation.key: amount for operation, amount in variants.operations}})


def _derived(files: Sequence[_Shard], places: Mapping[str, splits.Placed], plan: Plan) -> Iterator[dict[str, Any]]:
    for file in files:
        for row in file.rows:
            for copy in range(1 + file.copies):
                yield {
                    "sample_id": sample_id(row["asset_id"], copy, plan.variants),
                    "parent_ids": [row["asset_id"]],
                    "split": file.split,
                    "fold": places[row["asset_id"]].fold,
                    "copy": copy,
                    "transform": transform(copy, plan.variants),
                    "seed": plan.variants.seed,
                    "licence": row["licence"],
                }


def _facts(
    rows: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    files: Sequence[_Shard],
    plan: Plan,
    results: Sequence[Any],
) -> dict[str, Any]:
    counts = {name: sum(file.samples for file in files if file.split == name) for name in splits.NAMES}
    facts = {
        "classes": list(classes),
        "fields": {name: asdict(field) for name, field in plan.fields.items()},
        "counts": counts,
        "copies": plan.variants.copies,
        "source": rows[0]["source"],
    }
    return facts | mean_and_spread([result for result in results if result is not None])
