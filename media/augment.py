"""From `data/assets/<source>/` to `data/shards/<model>/`: decode, split, write varied copies of training samples."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from media import buckets, catalog, derivation, folders, near_duplicates, parallel, permission, shards, splits, titles
from media.sample import Field
from media.shard import Shard, transform
from media.shard_writer import SEEN_BY_READ, originals, write
from media.shard_writer import Plan as Plan
from media.splits import Placed
from media.statistics import mean_and_spread
from media.units import Unit
from project.errors import DailiesError

LARGEST_BYTES = 16 << 20
COLUMNS = tuple(dict.fromkeys([*SEEN_BY_READ, "source", "licence", "bytes", *permission.COLUMNS]))
Allowed = Callable[[pa.Table], pa.Table]
"""Called with a catalog; asset_id and reason of what is held back."""
Tick = Callable[[int, int], None]
"""Called with how many samples are done, and of how many."""


def augment(
    assets: Path,
    out: Path,
    plan: Plan,
    tick: Tick,
    *,
    allowed: Allowed = permission.everything,
    workers: int | None = None,
    previous: Path | None = None,
) -> dict[str, Any]:
    """Write the folder `out` and return its facts. The result depends neither on `workers` nor on `previous`.

    `allowed` says what of a catalog is held back, as `permission.held_back`, and may raise RightsRefused.
    `workers` is the number of processes, by default the cores there are. Files that an earlier result, `previous`, made
    of the same assets are linked; it must be a result of the same code, libraries and settings. Raises DailiesError
    when no asset is admitted or one cannot be read, NoSpace, and UsageError for the split.
    """
    table = catalog.read_table(assets, COLUMNS)
    held = allowed(table)
    rows = _usable(table, held)
    if not rows:
        raise DailiesError(f"{assets} has no admitted asset; its catalog says why each was refused")
    alike, rule = near_duplicates.read(assets)
    places = splits.assign(rows, plan.split, _ids(alike) if rule == "together" else ())
    units = _units(rows, plan, places)
    used = {parent for unit in units.values() for parent in unit.parents}
    classes = sorted({label for row in rows if row["asset_id"] in used for label in row["labels"]})
    files = list(_divided(rows, classes, units, plan, places))
    blobs = buckets.Blobs(assets)
    learnt = _learnt(files, blobs, plan)
    with folders.replacing(out) as fresh:
        sums = _in_parallel(files, lambda file: write(file, fresh, blobs, plan, learnt, previous), tick, workers)
        facts = _facts(rows[0]["source"], classes, files, plan) | {"learnt": learnt} | mean_and_spread(sums)
        facts |= _leaks(alike, rule, places)
        facts |= {"held_back": reasons} if (reasons := permission.by_reason(table, held)) else {}
        if called := titles.read(assets):
            facts["titles"] = called
        derivation.write(fresh, files, plan.variants.seed, transform(plan.variants))
        (fresh / shards.FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return facts


def _usable(table: pa.Table, held: pa.Table) -> list[dict[str, Any]]:
    """The admitted rows that are not held back."""
    barred = pc.is_in(table["asset_id"], held["asset_id"].combine_chunks())
    rows: list[dict[str, Any]] = table.filter(
        pc.and_not(pc.equal(table["status"], catalog.ADMITTED), barred)
    ).to_pylist()
    return rows


def _ids(alike: pa.Table) -> Iterator[tuple[str, str]]:
    return zip(alike["first"].to_pylist(), alike["second"].to_pylist(), strict=True)


def _leaks(alike: pa.Table, rule: str, places: Mapping[str, Placed]) -> dict[str, int]:
    """How many pairs of near-duplicates stand in train and in test, when the ingest looked for them."""
    if not rule:
        return {}
    crossing = near_duplicates.crossing(alike, {asset_id: place.split for asset_id, place in places.items()})
    return {"near_duplicates_across_train_and_test": len(crossing)}


def _units(rows: Sequence[Mapping[str, Any]], plan: Plan, places: Mapping[str, Placed]) -> dict[str, Unit]:
    """The units to make, by their id. An asset in none of them leaves nothing in the result, not even its label."""
    placed = [{**row, "split": places[row["asset_id"]].split} for row in rows]
    return {unit.id: unit for unit in plan.compose(placed, plan.settings)}


def _divided(
    rows: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    units: Mapping[str, Unit],
    plan: Plan,
    places: Mapping[str, Placed],
) -> Iterator[Shard]:
    """The files to write."""
    number = {label: index for index, label in enumerate(classes)}
    by_id = {row["asset_id"]: row for row in rows}
    fixed, ragged = _sizes(plan.fields.values())
    for name in splits.NAMES:
        copies = plan.variants.copies if name == "train" else 0
        sizes = {
            unit.id: (fixed + ragged * sum(by_id[parent]["bytes"] for parent in unit.parents)) * (1 + copies)
            for unit in units.values()
            if unit.split == name
        }
        for bucket, ids in buckets.divide(sizes, LARGEST_BYTES).items() if sizes else ():
            chosen = [units[unit_id] for unit_id in ids]
            first = [by_id[unit.parents[0]] for unit in chosen]
            yield Shard(
                split=name,
                bucket=bucket,
                copies=copies,
                units=chosen,
                rows={parent: by_id[parent] for unit in chosen for parent in unit.parents},
                labels=[_label(unit, row, number) for unit, row in zip(chosen, first, strict=True)],
                folds=[places[row["asset_id"]].fold for row in first],
            )


def _sizes(fields: Iterable[Field]) -> tuple[int, int]:
    """Bytes of the fields of one length, and the number of ragged ones, each of which may be as large as its asset."""
    fields = list(fields)
    fixed = sum(np.dtype(field.dtype).itemsize * prod(field.fixed) for field in fields if not field.ragged)
    return fixed, sum(field.ragged for field in fields)


def _label(unit: Unit, row: Mapping[str, Any], number: Mapping[str, int]) -> int:
    """The class of a sample that is made of one labelled asset, else -1."""
    return number[row["labels"][0]] if row["labels"] and len(unit.parents) == 1 else -1


def _learnt(files: Sequence[Shard], blobs: buckets.Blobs, plan: Plan) -> dict[str, Any]:
    """What the recipe learns from the training samples before any is encoded."""
    if plan.learn is None:
        return {}
    training = (file for file in files if file.split == "train")
    samples = (sample for file in training for _, sample in originals(file, blobs, plan))
    return dict(plan.learn(samples, plan.settings))


def _in_parallel(files: Sequence[Shard], work: Callable[[Shard], Any], tick: Tick, workers: int | None) -> list[Any]:
    """What `work` returned for the files, without None, in their order."""
    results: list[Any] = [None] * len(files)
    done, total = 0, sum(file.samples for file in files)
    for position, results[position] in parallel.each(work, files, workers or parallel.cores()):
        done += files[position].samples
        tick(done, total)
    return [result for result in results if result is not None]


def _facts(source: str, classes: Sequence[str], files: Sequence[Shard], plan: Plan) -> dict[str, Any]:
    fields = {name: asdict(field) | {"shape": list(field.shape)} for name, field in plan.fields.items()}
    return {
        "classes": list(classes),
        "fields": fields,
        "counts": {name: sum(file.samples for file in files if file.split == name) for name in splits.NAMES},
        "copies": plan.variants.copies,
        "source": source,
    }
