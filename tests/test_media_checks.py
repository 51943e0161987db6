"""What is said of a source as a whole: each check by a catalog that has its fault, and one that has not."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from ingesting import fill, ingested
from test_media_fingerprints import scene

from media import catalog, checks
from media.checks import Finding
from media.sources import DOCUMENT
from project.source import Source

ALWAYS = ["near_duplicates", "two_labels", "two_groups", "two_splits", "refused", "licence_unstated", "consent_unknown"]


def asset(number: int, **keys: Any) -> dict[str, Any]:
    return {
        "asset_id": f"{number:064x}", "paths": [f"{number:04d}.png"], "kind": "image", "bytes": 100, "signals": [],
        "labels": [], "group": "", "split": "", "licence": "CC0-1.0", "subject": "", "consent": "unknown",
        "conflicts": [], "status": "admitted", "reason": "", "released": "", **keys,
    }  # fmt: skip


def examined(rows: list[dict[str, Any]], **keys: Any) -> dict[str, Finding]:
    source = Source.model_validate({"kind": "image", "licence": "CC0-1.0", **keys})
    return {finding.check: finding for finding in checks.examine(source, catalog.table(rows))}


def labelled(**counts: int) -> list[dict[str, Any]]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [asset(number, labels=[name]) for number, name in enumerate(names)]


def test_nothing_is_wrong_with_nothing_wrong() -> None:
    found = examined(labelled(cat=20, dog=20))
    assert {finding.verdict for finding in found.values()} == {"ok"}
    assert set(ALWAYS) < set(found)
    assert list(examined([])) == ALWAYS


def test_findings_come_in_one_order_and_each_is_a_line() -> None:
    rows = labelled(cat=30, dog=1)
    assert list(examined(rows)) == list(examined(rows[::-1]))
    for finding in examined(rows).values():
        assert "\n" not in finding.message and finding.message[-1] not in ".;"
        assert len(finding.examples) <= checks.EXAMPLES


def test_balance() -> None:
    found = examined(labelled(cat=120, dog=10, owl=3))
    assert (found["class_balance"].value, found["class_balance"].verdict) == (40, "noted")
    assert "the largest, 'cat', has 120 assets, the smallest, 'owl', 3" in found["class_balance"].message
    assert (found["small_classes"].value, found["small_classes"].message) == (
        1, "classes with fewer than 10 assets: 1 of 3, 'owl'; add some or merge classes",
    )  # fmt: skip
    assert examined(labelled(cat=100, dog=10))["class_balance"].verdict == "ok"


def test_transcripts_are_no_classes() -> None:
    found = examined([asset(number, labels=[f"line {number}"]) for number in range(40)])
    assert "class_balance" not in found and found["unlabelled"].verdict == "ok"


def test_assets_without_a_label_among_labelled_ones() -> None:
    found = examined([*labelled(cat=10), asset(77)])["unlabelled"]
    assert (found.value, found.verdict, found.examples) == (1, "noted", (("0077.png",),))
    assert "unlabelled" not in examined([asset(1)])


def test_a_label_that_is_tested_and_not_trained() -> None:
    rows = labelled(cat=4, dog=4, owl=2)
    for row, split in zip(rows, ["train", "train", "test", "test"] * 2 + ["test", "validation"], strict=True):
        row["split"] = split
    found = examined(rows)
    assert found["untrained_labels_in_test"].message == (
        "labels in test that are not in train: 1 of 3, 'owl'; move some of their assets to train"
    )
    assert found["untrained_labels_in_test"].examples == (("0008.png",),)
    assert found["untrained_labels_in_validation"].value == 1
    without_train = examined([row for row in rows if row["split"] == "test"])
    assert "untrained_labels_in_test" not in without_train


def test_signals_and_rights() -> None:
    rows = [
        asset(0, signals=["silence"]),
        asset(1, signals=["exif", "silence"], licence="UNSTATED"),
        asset(2, subject="Ann", consent="given"),
        asset(3, subject="Bob"),
        asset(4, signals=["silence"], status="quarantined", reason="damaged"),
    ]
    found = examined(rows, max_quarantined=0.5)
    assert (found["silence"].value, found["silence"].examples) == (2, (("0000.png",), ("0001.png",)))
    assert "exif" not in found
    assert (found["licence_unstated"].value, found["licence_unstated"].examples) == (1, (("0001.png",),))
    assert (found["consent_unknown"].value, found["consent_unknown"].examples) == (1, (("0003.png",),))


def test_refusals_are_held_against_the_limit() -> None:
    rows = [asset(number) for number in range(8)] + [
        asset(8, status="quarantined", reason="damaged: cut"),
        asset(9, status="quarantined", reason="named .png, but its content is WAV; rename it to .wav"),
        asset(10, status="quarantined", reason=DOCUMENT),
    ]
    found = examined(rows, max_quarantined=0.2)
    assert (found["refused"].value, found["refused"].limit, found["refused"].verdict) == (0.2, 0.2, "noted")
    assert found["wrong_extension"].value == 1
    assert examined(rows, max_quarantined=0.1)["refused"].verdict == "exceeded"


def test_conflicts() -> None:
    rows = [asset(0), asset(1, paths=["a/1.png", "b/1.png"], conflicts=["two_labels", "two_splits"])]
    found = examined(rows)
    assert [found[name].value for name in ("two_labels", "two_groups", "two_splits")] == [1, 0, 1]
    assert found["two_labels"].examples == (("a/1.png", "b/1.png"),)


def test_near_duplicates_and_those_across_splits() -> None:
    near, far = "00" * 32, "ff" * 32
    rows = [asset(0, fingerprint=near, split="train"), asset(1, fingerprint=near, split="test")]
    rows += [asset(2, fingerprint=far, split="train"), asset(3, fingerprint=far, split="train")]
    found = examined(rows)
    assert (found["near_duplicates"].value, found["near_duplicates_across_splits"].value) == (2, 1)
    assert found["near_duplicates_across_splits"].examples == (("0000.png", "0001.png"),)
    assert "near_duplicates: together or refuse" in found["near_duplicates"].message
    assert "keeps them together" in examined(rows, near_duplicates="together")["near_duplicates"].message
    assert "near_duplicates_across_splits" not in examined(rows[2:])


def test_the_document_lists_every_refused_path_in_order() -> None:
    rows = [
        asset(0),
        asset(1, paths=["z.png", "z2.png"], status="quarantined", reason="damaged"),
        asset(2, paths=["a.png"], status="quarantined", reason="a link; put the file itself here"),
    ]
    table = catalog.table(rows)
    told = checks.document("made", table, checks.examine(Source(kind="image", licence="CC0-1.0"), table))
    assert told["source"] == "made"
    assert [line["path"] for line in told["refused"]] == ["a.png", "z.png", "z2.png"]
    assert told["refused"][1] == {"path": "z.png", "reason": "damaged", "asset_id": f"{1:064x}"}
    assert json.loads(json.dumps(told))["checks"][0].keys() == {
        "check", "value", "limit", "verdict", "message", "examples",
    }  # fmt: skip


def test_of_an_ingested_folder(tmp_path: Path) -> None:
    files = {}
    for number in range(4):
        for name, size in (("large", 96), ("small", 48)):
            path = tmp_path / "source" / f"{number}" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            scene(number).resize((size, size)).save(path)
            files[f"{number}/{name}.png"] = path
    fill(tmp_path / "source", {"0/bad.png": b"no picture"})
    ingested(tmp_path, kind="image")
    table = catalog.read_table(tmp_path / "assets")
    found = {each.check: each for each in checks.examine(Source(kind="image", licence="CC0-1.0"), table)}
    assert found["near_duplicates"].value == 4
    assert sorted(found["near_duplicates"].examples) == [(f"{n}/large.png", f"{n}/small.png") for n in range(4)]
    assert found["refused"].verdict == "exceeded"


@pytest.mark.slow
def test_all_checks_of_100_000_assets_take_seconds() -> None:
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = dict.fromkeys(catalog.SCHEMA.names)
    row = asset(0)
    count = 100_000
    for name in catalog.SCHEMA.names:
        columns[name] = pa.array([row.get(name)] * count, catalog.SCHEMA.field(name).type)
    columns["asset_id"] = pa.array([rng.bytes(32).hex() for _ in range(count)])
    columns["fingerprint"] = pa.array([rng.bytes(32).hex() for _ in range(count)])
    columns["paths"] = pa.array([[f"{number:06d}.png"] for number in range(count)])
    columns["labels"] = pa.array([[f"{number}"] for number in rng.integers(0, 50, count)])
    table = pa.table(columns, schema=catalog.SCHEMA)
    begun = time.process_time()
    checks.examine(Source(kind="image", licence="CC0-1.0"), table)
    assert time.process_time() - begun < 10
