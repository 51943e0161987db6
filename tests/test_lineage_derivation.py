"""A derivation names exactly the assets that its samples depend on, for the twin of every recipe.

The bytes of one asset are replaced by those of another while samples are made; the samples that come out different must
be those that name it, and what was learnt may differ only when a training sample names it.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingesting import ingested
from twins import TWINS

from media import columns, derivation, permission
from media.ragged import Ragged
from models.settings import resolve, shaping_data
from recipes import load
from steps import augment

JOINED = {"join_least": 2, "join_most": 3, "join_rounds": 2}
MORE: dict[str, dict[str, Any]] = {"speech_to_text": JOINED}
"""Settings that make the twin say more: several assets a sample, and each asset in several samples."""


class Samples:
    """What one augment made: sample id → everything in it, and which assets it names."""

    def __init__(self, folder: Path) -> None:
        self.facts = json.loads((folder / "facts.json").read_text())
        self.content: dict[str, bytes] = {}
        for file in sorted(folder.glob("*.arrow")):
            arrays = columns.read(file)
            for number, sample in enumerate(arrays.pop("sample_id")):
                fields = [_bytes(array, number) for array in arrays.values()]
                self.content[sample.decode()] = b"|".join(fields)
        self.rows = derivation.read(folder)

    def naming(self, asset: str) -> set[str]:
        return {row["sample_id"] for row in self.rows if asset in row["parent_ids"]}


def _bytes(array: Any, number: int) -> bytes:
    if isinstance(array, Ragged):
        return array[number].tobytes()
    return np.asarray(array[number]).tobytes()


class Maker:
    """Makes the samples of a twin, with an asset's content exchanged or not."""

    def __init__(self, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name, self.folder, self.patch, self.recipe = name, folder, monkeypatch, load(name)
        self.twin = TWINS[name]
        self.twin.write(folder / "source")
        self.rows = {
            row["asset_id"]: row for row in ingested(folder, **self.twin.source).values() if row["status"] == "admitted"
        }

    def samples(self, out: str, exchanged: Mapping[str, str], learnt: Mapping[str, Any] | None = None) -> Samples:
        read = exchanging(self.recipe.read, self.folder / "assets", exchanged, self.rows)
        self.patch.setattr(augment, "load", lambda _: dataclasses.replace(self.recipe, read=read))
        settings = resolve(self.recipe.settings, {**self.twin.settings, **MORE.get(self.name, {})}, self.name)
        planned = {
            "recipe": self.name,
            "settings": shaping_data(settings),
            "augment": self.twin.augment,
            "split": self.twin.split,
            "files": {},
        }
        augment.write(
            planned, self.folder / "assets", self.folder / out, self.name, permission.everything, learnt=learnt
        )
        return Samples(self.folder / out)


def exchanging(
    read: Callable[..., Any], assets: Path, exchanged: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]]
) -> Callable[..., Any]:
    """`read`, but an asset of `exchanged` is read as if it were another."""
    from media import buckets

    blobs = buckets.Blobs(assets)
    others = {asset: (blobs.get(other), rows[other]) for asset, other in exchanged.items()}

    def reading(data: bytes, row: Mapping[str, Any], settings: Any) -> Any:
        content, other = others.get(row.get("asset_id", ""), (data, row))
        return read(content, other, settings)

    return reading


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", sorted(TWINS))
def test_samples_depend_on_the_assets_that_they_name_and_on_no_others(
    name: str, split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = Maker(name, tmp_path, monkeypatch)
    before = maker.samples("before", {})
    assert before.content.keys() == {row["sample_id"] for row in before.rows}
    asset = min(min(row["parent_ids"]) for row in before.rows if row["split"] == split)
    other = next(each for each in sorted(maker.rows, reverse=True) if each != asset)
    learnt = before.facts["learnt"]

    after = maker.samples("after", {asset: other}, learnt)
    differing = {sample for sample, content in before.content.items() if after.content[sample] != content}
    assert differing == before.naming(asset)

    relearnt = maker.samples("relearnt", {asset: other}).facts["learnt"]
    in_train = any(row["split"] == "train" and asset in row["parent_ids"] for row in before.rows)
    assert relearnt == learnt or in_train


def test_an_asset_in_no_sample_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings that are left over when strings are joined: not even their label is among the classes."""
    maker = Maker("speech_to_text", tmp_path, monkeypatch)
    monkeypatch.setitem(MORE, "speech_to_text", {"join_least": 7, "join_most": 7})
    made = maker.samples("made", {})
    named = {parent for row in made.rows for parent in row["parent_ids"]}
    left_over = maker.rows.keys() - named
    assert left_over
    assert made.facts["classes"] == sorted({label for asset in named for label in maker.rows[asset]["labels"]})
