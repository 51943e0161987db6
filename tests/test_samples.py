"""Samples in memory, and the blocks in which networks read samples."""

from pathlib import Path

import numpy as np
import pytest

from models import data
from models.data import InMemory


def samples(count: int = 5, side: int = 2) -> InMemory:
    images = np.arange(count * side * side, dtype=np.uint8).reshape(count, 1, side, side)
    return InMemory({"image": images, "label": np.arange(count)}, {"fold": np.arange(count) % 2})


def test_samples_are_taken_in_the_order_asked_for() -> None:
    batch = samples().take(np.array([3, 0, 3]))
    assert batch["label"].tolist() == [3, 0, 3]
    assert batch["image"][:, 0, 0, 0].tolist() == [12, 0, 12]


def test_a_mask_keeps_the_order_and_the_columns() -> None:
    odd = samples().where(np.array([False, True, False, True, False]))
    assert len(odd) == 2
    assert odd.column("label").tolist() == [1, 3]
    assert odd.column("sample_id").tolist() == ["1", "3"]
    assert odd.column("fold").tolist() == [1, 1]
    assert odd.take(np.array([1]))["label"].tolist() == [3]


def test_what_is_taken_is_a_copy() -> None:
    one = samples()
    one.take(np.array([0]))["image"][:] = 99
    assert one.take(np.array([0]))["image"].max() < 99


def test_memory_mapped_arrays_do_as_well(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", samples().take(np.arange(5))["image"])
    mapped = InMemory({"image": np.load(tmp_path / "images.npy", mmap_mode="r"), "label": np.arange(5)})
    taken = mapped.take(np.array([4, 1]))["image"]
    assert taken.tolist() == samples().take(np.array([4, 1]))["image"].tolist()
    assert taken.flags.writeable


@pytest.mark.parametrize(
    ("count", "side", "sizes"), [(0, 2, []), (3, 2, [3]), (600, 2, [512, 88]), (3, 3000, [1, 1, 1])]
)
def test_blocks_hold_every_sample_once_and_stay_small(count: int, side: int, sizes: list[int]) -> None:
    images = np.broadcast_to(np.zeros((1, 1, 1, 1), dtype=np.uint8), (count, 1, side, side))
    blocks = list(data.blocks(InMemory({"image": images})))
    assert [len(block) for block in blocks] == sizes
    assert [index for block in blocks for index in block] == list(range(count))
