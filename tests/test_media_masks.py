"""Run-length masks: held against what pycocotools 2.0.8 packs, and against masks of any shape."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import masks
from media.masks import Mask

DISC = {"size": [40, 50], "counts": "_i01S18J4M2N2O0O2O00000O20N1000001N101N2N3L6Hm:"}
RING = {"size": [40, 50], "counts": "_i01S18J4M2N2OGZO0e0NA0>OD0<0D0<0D0;0G090E0<0D0<0D0<1B0?2[O0f091N2N3L6Hm:"}


def drawn(largest: int, smallest: int = -1) -> np.ndarray:
    """The points of a field of 50 x 40 px whose squared distance from (30, 15) lies between the two."""
    y, x = np.mgrid[:40, :50]
    distance = (x - 30) ** 2 + (y - 15) ** 2
    return (distance <= largest) & (distance > smallest)


@pytest.mark.parametrize(("packed", "pixels", "area"), [(DISC, drawn(100), 317), (RING, drawn(100, 25), 236)])
def test_a_packed_mask_is_what_was_packed(packed: dict[str, Any], pixels: np.ndarray, area: int) -> None:
    mask = masks.from_coco(packed)
    assert (mask.area, mask.fault()) == (area, "")
    assert np.array_equal(mask.pixels(), pixels)


def test_a_listed_mask_goes_column_by_column() -> None:
    """The example of maskApi.h: M = [0 0 1 1 1 0 1] has the runs [2 3 1 1]."""
    mask = masks.from_coco({"size": [7, 1], "counts": [2, 3, 1, 1]})
    assert mask.pixels().ravel().tolist() == [False, False, True, True, True, False, True]
    assert masks.from_coco({"size": [2, 2], "counts": [1, 2, 1]}).pixels().tolist() == [[False, True], [True, False]]


@given(st.integers(1, 12), st.lists(st.booleans(), min_size=1, max_size=12))
def test_pixels_and_area_agree(height: int, column: list[bool]) -> None:
    flat = np.resize(column, height * 5)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat])))
    runs = np.diff([0, *changes, flat.size]).tolist()
    mask = Mask(height, 5, tuple(runs))
    assert np.array_equal(mask.pixels().T.ravel(), flat)
    assert mask.area == flat.sum()


@given(st.text(max_size=30))
def test_any_text_is_a_mask_or_has_a_fault(packed: str) -> None:
    mask = masks.from_coco({"size": [3, 2], "counts": packed})
    assert mask.fault() or mask.pixels().shape == (3, 2)


@pytest.mark.parametrize("wrong", [{}, {"size": [1], "counts": ""}, {"size": "ab", "counts": []}, {"size": [1, 1]}])
def test_what_is_no_mask_raises(wrong: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        masks.from_coco(wrong)
