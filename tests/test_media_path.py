"""The whole path of media: a folder of pictures becomes a catalog, and the catalog becomes shards."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media import catalog, image, sources, variants
from media.augment import augment
from media.ingest import ingest
from media.shard_writer import Plan
from media.shards import Shards
from project.params import Source, Split


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of 20 pictures, grey and in colour, and a README."""
    folder = tmp_path / "pictures"
    draw = np.random.default_rng(1)
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 255, (12, 9, 3), np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    (folder / "README.md").write_text("Cats and dogs")
    return folder


def test_a_folder_of_pictures_becomes_shards(pictures: Path, tmp_path: Path) -> None:
    source = Source(kind="image", path=str(pictures), licence="CC0-1.0")
    reader = sources.open_source("pets", source, project=tmp_path, mirror=None, downloads=tmp_path)
    summary = ingest("pets", source, reader, tmp_path / "assets", lambda *_: None, refusals=tmp_path / "refused.csv")
    assert summary["labels"] == {"cat": 20, "dog": 20}
    assert summary["status"] == {"admitted": 40, "quarantined": 1}

    plan = Plan(
        read=lambda data, row, settings: {"image": image.square(data, 16, False)},
        fields={"image": image.field(16, False)},
        settings=None,
        variants=variants.resolve({"copies": 2, "rotate_deg": 10}, image.OPERATIONS),
        split=Split(validation=0.2, test=0.2),
    )
    facts = augment(tmp_path / "assets", tmp_path / "shards", plan, lambda *_: None)
    assert facts["classes"] == ["cat", "dog"]
    shards = Shards(tmp_path / "shards")
    train, test = shards.split("train"), shards.split("test")
    assert len(train) == 3 * (train.column("copy") == 0).sum()
    assert len(train) // 3 + len(shards.split("validation")) + len(test) == 40
    labels = {row["asset_id"]: row["labels"] for row in catalog.read(tmp_path / "assets")}
    assert len(labels) == 41
    assert train.take(np.array([0, 1]))["image"].shape == (2, 1, 16, 16)
