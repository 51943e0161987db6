"""docs/sources.md shows every format, by examples that are ingested whole when the published sets are at hand."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from media import generators, probes, sources
from media.ingest import ingest
from project import params
from project.source import Columns, Files, LabelRule, Part, Source

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
EXAMPLES: dict[str, Source] = {
    name: source
    for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name, source in params.parse(yaml.safe_load(block), "docs/sources.md").sources.items()
}
ADMITTED = {
    "sharp_photos": {"assets": 109, "labels": 0, "splits": {"test": 19, "train": 90}},
    "spoken_digits": {"assets": 2000, "labels": 10},
    "omniglot": {"assets": 2720, "labels": 136},
    "sprites": {"assets": 1440, "labels": 3},
    "films": {"assets": 9732, "labels": 951},
    "film_reviews": {"assets": 9602, "labels": 2, "splits": {"test": 1821, "train": 6909, "validation": 872}},
    "questions": {"assets": 5871, "labels": 6, "splits": {"test": 500, "train": 5371}},
    "handwriting": {"assets": 342, "labels": 342},
    "read_aloud": {"assets": 8, "labels": 8},
    "poems": {"assets": 14_825, "labels": 2},
    "film_ratings": {"assets": 488, "labels": 0},
    "emerging_entities": {"assets": 5591, "labels": 6, "splits": {"test": 1281, "train": 3303, "validation": 1007}},
    "captions": {"assets": 31_011, "labels": 0, "splits": {"test": 1000, "train": 28_997, "validation": 1014}},
    "phrases": {"assets": 17_637, "labels": 0},
    "chorales": {"assets": 382, "labels": 0, "splits": {"test": 77, "train": 229, "validation": 76}},
    "buses": {"assets": 5, "labels": 3},
    "levels": {"assets": 1000, "labels": 0},
    "timbres": {"assets": 400, "labels": 4},
    "shapes": {"assets": 400, "labels": 4},
    "lakes": {"assets": 100, "labels": 0, "splits": {"test": 50, "train": 50}},
    "viewers": {"assets": 400, "labels": 0},
    "litter": {"assets": 0, "labels": 0},
    "parasites": {"assets": 0, "labels": 0},
    "shakespeare": {"assets": 25_721, "labels": 0},
    "handwritten_digits": {"assets": 1797, "labels": 10},
    "mnist": {"assets": 70_000, "labels": 10, "splits": {"test": 10_000, "train": 60_000}},
}
"""What each example gives. Two photos of 91 are the same. Of 9,613 reviews 9,602 are different, of 5,952 questions 5,871;
ten of these stand in both splits. Five film titles occur twice with other genres and are quarantined.
tests/test_every_set.py explains the others."""


def test_every_format_kind_and_key_is_on_the_page() -> None:
    assert {source.format for source in EXAMPLES.values()} == set(sources.formats())
    words = set(re.findall(r"[a-z_0-9]+", PAGE))
    assert set(probes.kinds()) <= words
    told = {key for name in generators.names() for key in (name, *generators.load(name, "test").Settings.model_fields)}
    assert told <= words
    assert {*Columns.model_fields, *Files.model_fields, *LabelRule.model_fields, *Part.model_fields} <= words


def test_every_example_has_its_counts() -> None:
    assert EXAMPLES.keys() == ADMITTED.keys()


@pytest.mark.slow
@pytest.mark.skipif(not MIRROR.is_dir(), reason="DAILIES_MIRROR is not set")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_ingested_whole(tmp_path: Path, name: str) -> None:
    source = EXAMPLES[name]
    reader = sources.open_source(name, source, project=MIRROR, mirror=None, downloads=tmp_path)
    summary = ingest(name, source, reader, tmp_path / "out", lambda *_: None, refusals=tmp_path / "refused.csv")
    told: dict[str, Any] = {"assets": summary["status"].get("admitted", 0), "labels": len(summary["labels"])}
    if summary["splits"]:
        told["splits"] = summary["splits"]
    assert told == ADMITTED[name]
