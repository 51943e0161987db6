"""Samples that are made of several assets, of a part of one, or with facts learnt from all training samples."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingesting import fill, ingested

from media import derivation
from media.augment import augment
from media.sample import Field
from media.shard_writer import Plan
from media.shards import Shards
from media.units import Unit
from media.variants import Variants
from project.params import Split

WORDS = {f"{label}/{number}.txt": f"{label} text number {number}" for label in ("cat", "dog") for number in range(20)}
LENGTH = 64


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    fill(tmp_path / "source", WORDS)
    ingested(tmp_path, kind="text")
    return tmp_path / "assets"


def made(assets: Path, out: Path, **parts: Any) -> tuple[dict[str, Any], Shards]:
    how: dict[str, Any] = {
        "read": lambda data, row, settings: {"text": data.decode()},
        "fields": {"letters": Field("uint8", (LENGTH,))},
        "settings": None,
        "variants": Variants(),
        "split": Split(validation=0.2, test=0.2),
        "encode": lambda sample, settings, learnt: {"letters": letters(sample["text"])},
    }
    return augment(assets, out, Plan(**(how | parts)), lambda *_: None), Shards(out)


def letters(text: str) -> np.ndarray:
    return np.frombuffer(text.encode().ljust(LENGTH)[:LENGTH], np.uint8)


def texts(shards: Shards, split: str) -> list[str]:
    samples = shards.split(split)
    return [bytes(row).decode().rstrip() for row in samples.take(np.arange(len(samples)))["letters"]]


def pairs(rows: Sequence[Mapping[str, Any]], settings: Any) -> Iterator[Unit]:
    """Neighbours of one split joined, two by two."""
    for split in ("train", "test"):
        ids = [row["asset_id"] for row in rows if row["split"] == split]
        yield from (Unit(pair, split) for pair in zip(ids[::2], ids[1::2], strict=False))


def test_several_assets_make_one_sample(assets: Path, tmp_path: Path) -> None:
    facts, shards = made(
        assets,
        tmp_path / "shards",
        compose=pairs,
        join=lambda samples, unit, settings: {"text": " + ".join(each["text"] for each in samples)},
    )
    assert facts["counts"]["train"] == len(texts(shards, "train")) > 5
    for text, parents in zip(texts(shards, "train"), shards.parents("train"), strict=True):
        assert text.count(" + ") == 1 and len(parents) == len(set(parents)) == 2
    assert set(shards.split("train").column("label").tolist()) == {-1}, "no single label is that of both"
    used = Counter(each for row in derivation.read(tmp_path / "shards") for each in row["parent_ids"])
    assert set(used.values()) == {1}


def windows(rows: Sequence[Mapping[str, Any]], settings: Any) -> Iterator[Unit]:
    for row in rows:
        yield from (Unit((row["asset_id"],), row["split"], piece) for piece in range(3))


def test_one_asset_makes_several_samples(assets: Path, tmp_path: Path) -> None:
    _, shards = made(
        assets,
        tmp_path / "shards",
        compose=windows,
        join=lambda samples, unit, settings: {"text": samples[0]["text"].split()[unit.piece]},
    )
    for split in ("train", "test"):
        found = Counter(texts(shards, split))
        assert found["number"] == found["text"] == found["cat"] + found["dog"] > 0
        assert set(Counter(map(tuple, shards.parents(split))).values()) == {3}
    ids = shards.split("train").column("sample_id")
    assert len(set(ids)) == len(ids)


def vocabulary(samples: Iterable[Mapping[str, Any]], settings: Any) -> dict[str, list[str]]:
    return {"words": sorted({word for sample in samples for word in sample["text"].split()})}


def test_facts_are_learnt_from_training_samples_only(assets: Path, tmp_path: Path) -> None:
    def encode(sample: Mapping[str, Any], settings: Any, learnt: Mapping[str, Any]) -> dict[str, np.ndarray]:
        known = {word: number + 1 for number, word in enumerate(learnt["words"])}
        return {"words": np.array([known.get(word, 0) for word in sample["text"].split()], np.int64)}

    facts, shards = made(
        assets, tmp_path / "shards", learn=vocabulary, encode=encode, fields={"words": Field("int64", (4,))}
    )
    train, test = shards.split("train"), shards.split("test")
    assert shards.facts["learnt"]["words"] == facts["learnt"]["words"]
    assert (train.take(np.arange(len(train)))["words"] > 0).all()
    assert set(test.take(np.arange(len(test)))["words"][:, 1].tolist()) == {1 + facts["learnt"]["words"].index("text")}
    numbers = {word for word in facts["learnt"]["words"] if word.isdigit()}
    assert len(numbers) < 20, "a number that only test holds was learnt"


def test_another_vocabulary_rewrites_every_file(assets: Path, tmp_path: Path) -> None:
    made(assets, tmp_path / "first", learn=vocabulary)
    made(assets, tmp_path / "second", learn=lambda samples, settings: {"words": ["other"]})
    out = tmp_path / "third"
    how: dict[str, Any] = {"learn": lambda samples, settings: {"words": ["other"]}}
    plan = Plan(
        read=lambda data, row, settings: {"text": data.decode()},
        fields={"letters": Field("uint8", (LENGTH,))},
        settings=None,
        variants=Variants(),
        split=Split(validation=0.2, test=0.2),
        encode=lambda sample, settings, learnt: {"letters": letters(sample["text"])},
        **how,
    )
    augment(assets, out, plan, lambda *_: None, previous=tmp_path / "first")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "second").iterdir()
    }
