"""A source looked at as a whole while it is ingested: near-duplicates, checks.json, drift with a limit."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingesting import fill, opened
from PIL import Image

from media import catalog, near_duplicates
from media.ingest import ingest
from project.errors import QuarantineError
from project.source import Source


def picture(number: int, *, quality: int = 95, side_px: int = 64) -> bytes:
    """Soft colours, of which another quality is the same picture to the eye."""
    colours = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
    soft = Image.fromarray(colours).resize((side_px, side_px), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    soft.save(file, "JPEG", quality=quality)
    return file.getvalue()


def bring(tmp_path: Path, out: str, previous: str = "", **keys: Any) -> Path:
    given = {"kind": "image", "licence": "CC0-1.0", "path": "source", "max_quarantined": 0, **keys}
    ingest(
        "made",
        Source.model_validate(given),
        opened(tmp_path, **given),
        tmp_path / out,
        lambda *_: None,
        refusals=tmp_path / "refused.csv",
        drift=tmp_path / "drift.json",
        previous=tmp_path / previous if previous else None,
    )
    return tmp_path / out


def findings(out: Path) -> dict[str, dict[str, Any]]:
    return {each["check"]: each for each in json.loads((out / "checks.json").read_text())["checks"]}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    pictures = {f"train/cat/{number}.jpg": picture(number) for number in range(12)}
    return fill(tmp_path / "source", pictures | {"test/cat/again.jpg": picture(3, quality=60)})


SPLIT = {"label": {"pattern": "(?P<split>train|test)/(?P<label>[a-z]+)/"}}


def test_a_leak_from_train_to_test_is_noted_with_its_paths(tmp_path: Path, source: Path) -> None:
    out = bring(tmp_path, "assets", **SPLIT)
    found = findings(out)["near_duplicates_across_splits"]
    assert (found["value"], found["verdict"]) == (1, "noted")
    assert sorted(found["examples"][0]) == ["test/cat/again.jpg", "train/cat/3.jpg"]
    alike, rule = near_duplicates.read(out)
    assert (len(alike), rule) == (1, "report")


def test_near_duplicates_are_refused_where_the_source_says_so(tmp_path: Path, source: Path) -> None:
    out = bring(tmp_path, "assets", near_duplicates="refuse", **SPLIT)
    refused = [row for row in catalog.read(out) if row["status"] == "quarantined"]
    assert [row["paths"] for row in refused] == [["train/cat/3.jpg"]]
    assert refused[0]["reason"].startswith("nearly the same as test/cat/again.jpg")
    again = bring(tmp_path, "again", "assets", near_duplicates="refuse", **SPLIT)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in out.iterdir()
    }


def test_drift_is_told_and_ends_the_ingest_beyond_its_limit(tmp_path: Path) -> None:
    fill(tmp_path / "source", {f"cat/{number}.jpg": picture(number) for number in range(80)})
    bring(tmp_path, "first")
    assert not (tmp_path / "drift.json").exists(), "there is nothing to compare the first with"
    large = {f"cat/large{number}.jpg": picture(100 + number, side_px=200) for number in range(80)}
    fill(tmp_path / "source", large)
    bring(tmp_path, "second", "first")
    told = {each["check"]: each for each in json.loads((tmp_path / "drift.json").read_text())}
    assert told["drift_width"]["value"] > 0.25 and told["drift_width"]["verdict"] == "noted"
    assert told["drift_format"]["verdict"] == "ok"
    with pytest.raises(QuarantineError, match=r"'made' has moved further than it may: drift of .*raise max_drift"):
        bring(tmp_path, "third", "first", max_drift=0.25)
    assert not (tmp_path / "third").exists()
