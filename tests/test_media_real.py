"""Published data sets from the mirror, whole. What is in them is known; the other tests of media are their twins."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from media import image, sources, variants
from media.augment import Plan, augment
from media.ingest import ingest
from media.shards import Shards
from project import params
from project.params import Split
from project.source import Source

ROOT = Path(__file__).parent.parent
MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
CIFAR = {"kind": "image", "licence": "UNSTATED", "label": {"pattern": r"^(?P<split>train|test)/(?P<label>\w+)/"}}
FACES = {"kind": "image", "licence": "UNSTATED", "label": {"folder": 1}}
Brought = tuple[dict[str, Any], Path]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MIRROR.is_dir(), reason="DAILIES_MIRROR is not set"),
]


@pytest.fixture
def bring(tmp_path: Path) -> Callable[[str, Source], Brought]:
    """Ingest a source of the mirror: its summary and its folder."""

    def bring(name: str, source: Source) -> Brought:
        reader = sources.open_source(name, source, project=tmp_path, mirror=MIRROR, downloads=tmp_path / "downloads")
        out = tmp_path / "assets" / name
        return ingest(name, source, reader, out, lambda *_: None, refusals=tmp_path / "refused.csv"), out

    return bring


def square(size: int, colour: bool, split: Split) -> Plan:
    return Plan(
        read=lambda data, row, settings: {"image": image.square(data, size, colour)},
        fields={"image": image.field(size, colour)},
        settings=None,
        variants=variants.Variants(),
        split=split,
    )


def test_mnist_is_whole(bring: Callable[[str, Source], Brought], tmp_path: Path) -> None:
    summary, assets = bring("mnist", params.read(ROOT / "params.yaml").source("mnist"))
    assert summary["status"] == {"admitted": 70_000}
    assert summary["splits"] == {"train": 60_000, "test": 10_000}
    facts = augment(assets, tmp_path / "shards", square(28, False, Split(validation=0)), lambda *_: None)
    assert facts["counts"] == {"train": 60_000, "validation": 0, "test": 10_000}
    # The published mean and spread of the training images, 0.1307 and 0.3081 of the range.
    assert facts["mean"][0] / 255 == pytest.approx(0.1307, abs=5e-5)
    assert facts["std"][0] / 255 == pytest.approx(0.3081, abs=5e-5)
    labels = Counter(Shards(tmp_path / "shards").split("test").column("label").tolist())
    assert [labels[digit] for digit in range(10)] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_cifar_has_its_official_test_split(bring: Callable[[str, Source], Brought], tmp_path: Path) -> None:
    summary, assets = bring("cifar10-subset", Source.model_validate(CIFAR))
    assert summary["splits"] == {"train": 4_000, "test": 10_000}
    assert set(summary["labels"].values()) == {1_400}
    facts = augment(assets, tmp_path / "shards", square(32, True, Split(validation=0.1)), lambda *_: None)
    assert facts["counts"]["test"] == 10_000
    assert facts["counts"]["validation"] == pytest.approx(400, abs=80)
    assert len(facts["mean"]) == 3


def test_faces_of_every_person_are_in_every_split(bring: Callable[[str, Source], Brought], tmp_path: Path) -> None:
    summary, assets = bring("orl-faces", Source.model_validate(FACES))
    assert summary["status"] == {"admitted": 390, "quarantined": 1}
    assert summary["reasons"] == {sources.DOCUMENT: 1}
    augment(assets, tmp_path / "shards", square(56, False, Split(validation=0.1, test=0.2)), lambda *_: None)
    for name in ("train", "validation", "test"):
        split = Shards(tmp_path / "shards").split(name)
        assert set(split.column("label").tolist()) == set(range(39))
        assert split.take(np.array([0]))["image"].shape == (1, 1, 56, 56)
