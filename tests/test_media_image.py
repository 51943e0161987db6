"""Pictures as samples: the rules of `square`, and what every random variation keeps."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from media import draws, image, pixels
from media.operations import colour
from media.sample import Operation

IMAGES = arrays.arrays(np.uint8, st.tuples(st.sampled_from([1, 3]), st.integers(2, 24), st.integers(2, 24)))
LARGEST = {
    "rotate_deg": 180.0, "shift": 0.5, "crop": 0.9, "scale": 0.9, "elastic": 0.5, "perspective": 0.2, "hue_deg": 180.0,
}  # fmt: skip
every_operation = pytest.mark.parametrize("operation", image.OPERATIONS, ids=lambda operation: operation.key)


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def varied(operation: Operation, pixels: np.ndarray, amount: Any, seed: int = 0) -> np.ndarray:
    sample = operation.apply(
        {"image": pixels}, draws.generator(seed, "asset", 1, operation.key), operation.check(amount)
    )
    return np.asarray(sample["image"])


@every_operation
@settings(max_examples=25, deadline=None)
@given(pixels=IMAGES, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_shape_and_type_stay_and_draws_repeat(
    operation: Operation, pixels: np.ndarray, share: float, seed: int
) -> None:
    before = pixels.copy()
    first, second = (varied(operation, pixels, share * LARGEST.get(operation.key, 1.0), seed) for _ in range(2))
    assert first.shape == pixels.shape and first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.array_equal(pixels, before), "the sample that came in was changed"


@every_operation
@settings(max_examples=25, deadline=None)
@given(pixels=IMAGES, seed=st.integers(0, 99))
def test_an_amount_of_0_changes_nothing(operation: Operation, pixels: np.ndarray, seed: int) -> None:
    assert np.array_equal(varied(operation, pixels, 0, seed), pixels)


@every_operation
@settings(max_examples=10, deadline=None)
@given(level=st.integers(0, 255), seed=st.integers(0, 99))
def test_a_blank_picture_stays_blank(operation: Operation, level: int, seed: int) -> None:
    """What comes in from outside has the colour of the edge; only noise makes something of nothing."""
    blank = np.full((3, 9, 12), level, np.uint8)
    changed = varied(operation, blank, LARGEST.get(operation.key, 1.0), seed)
    assert operation.key in ("noise", "brightness", "jpeg_loss") or np.array_equal(changed, blank)


@every_operation
def test_a_large_amount_changes_a_picture_and_nothing_else(operation: Operation) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3, 16, 16), np.uint8)
    sample = {"image": pixels, "label": np.array(3), "boxes": np.arange(4)}
    draw = draws.generator(5, "asset", 1, operation.key)
    changed = operation.apply(sample, draw, operation.check(LARGEST.get(operation.key, 1.0)))
    assert not np.array_equal(changed["image"], pixels)
    assert changed.keys() == sample.keys()
    assert changed["label"] is sample["label"] and changed["boxes"] is sample["boxes"]


@every_operation
@pytest.mark.parametrize("value", [-0.1, 181, "much", None, [1], float("nan")])
def test_an_amount_out_of_range_says_the_rule(operation: Operation, value: Any) -> None:
    with pytest.raises(ValueError, match="must be a number from 0 to"):
        operation.check(value)


def test_flip_may_be_said_with_yes_and_no() -> None:
    flip = next(operation for operation in image.OPERATIONS if operation.key == "flip")
    assert (flip.check(True), flip.check(False), flip.check(1)) == (0.5, 0.0, 1.0)
    assert varied(flip, np.array([[[1, 2, 3]]], np.uint8), 1).tolist() == [[[3, 2, 1]]]


def test_a_shift_moves_by_the_amount_drawn() -> None:
    shift = next(operation for operation in image.OPERATIONS if operation.key == "shift")
    right, down = draws.generator(0, "asset", 1, "shift").uniform(-0.5, 0.5, 2)
    dot = np.zeros((1, 41, 41), np.uint8)
    dot[0, 18:23, 18:23] = 200
    weights = varied(shift, dot, 0.5)[0].astype(float)
    rows, columns = np.mgrid[:41, :41]
    centre = (weights * columns).sum() / weights.sum(), (weights * rows).sum() / weights.sum()
    assert centre == pytest.approx((20 + right * 41, 20 + down * 41), abs=0.1)


def named(key: str) -> Operation:
    return next(operation for operation in image.OPERATIONS if operation.key == key)


class Lowest(np.random.Generator):
    """Draws the lower end of each range."""

    def __init__(self) -> None:
        super().__init__(np.random.Philox(0))

    def uniform(self, low: float = 0, high: float = 1, size: None = None) -> float:  # type: ignore[override]
        return low


class Highest(Lowest):
    """Draws the upper end."""

    def uniform(self, low: float = 0, high: float = 1, size: None = None) -> float:  # type: ignore[override]
        return high


COLOURS = np.random.default_rng(1).integers(60, 190, (3, 12, 12), np.uint8)


@pytest.mark.parametrize("key", ["saturation", "hue_deg"])
@settings(max_examples=20, deadline=None)
@given(level=arrays.arrays(np.uint8, (1, 5, 7)), channels=st.sampled_from([1, 3]), seed=st.integers(0, 99))
def test_grey_has_neither_saturation_nor_hue(key: str, level: np.ndarray, channels: int, seed: int) -> None:
    pixels = np.repeat(level, channels, axis=0)
    assert np.array_equal(varied(named(key), pixels, LARGEST.get(key, 1.0), seed), pixels)


@pytest.mark.parametrize("key", ["saturation", "hue_deg"])
@pytest.mark.parametrize("seed", range(5))
def test_another_colour_is_as_light_as_before(key: str, seed: int) -> None:
    changed = varied(named(key), COLOURS, {"saturation": 0.3, "hue_deg": 25}[key], seed)
    assert not np.array_equal(changed, COLOURS)
    assert np.abs(colour.grey(changed) - colour.grey(COLOURS)).max() < 1.5


def test_a_full_loss_of_colour_leaves_grey() -> None:
    paled = colour.saturation(COLOURS, Lowest(), 1.0)
    assert (paled == np.rint(colour.grey(COLOURS)).astype(np.uint8)).all()
    assert (colour.brightness(COLOURS, Lowest(), 1.0) == 0).all()
    assert np.ptp(colour.contrast(COLOURS, Lowest(), 1.0)) == 0


def test_a_worse_jpeg_differs_more() -> None:
    smooth = np.linspace(0, 255, 24 * 24).reshape(1, 24, 24).astype(np.uint8)
    differences = [np.abs(colour.jpeg(smooth, Highest(), loss).astype(int) - smooth).mean() for loss in (0.05, 0.5, 1)]
    assert 0 < differences[0] < 1 < differences[1] + 1 < differences[2]


def test_perspective_shows_at_each_corner_what_was_drawn() -> None:
    ramps = np.stack([np.tile(np.arange(40), (40, 1)), np.tile(np.arange(40)[:, None], (1, 40)), np.zeros((40, 40))])
    compared = 0
    for seed in range(20):
        moved = draws.generator(seed, "asset", 1, "perspective").uniform(-0.2, 0.2, (4, 2)) * 40
        seen = varied(named("perspective"), (ramps * 4 + 40).astype(np.uint8), 0.2, seed)
        for (row, column), by in zip([(0, 0), (0, 39), (39, 0), (39, 39)], moved, strict=True):
            wanted = np.array([column, row]) + by
            if wanted.min() > 1 and wanted.max() < 38:
                compared += 1
                assert (seen[:2, row, column] - 40.0) / 4 == pytest.approx(wanted, abs=1.0)
    assert compared > 10


@every_operation
def test_threads_draw_the_same(operation: Operation) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda seed: varied(operation, COLOURS, LARGEST.get(operation.key, 1.0), seed % 3), range(24))
        )
    assert all(np.array_equal(together[at], together[at % 3]) for at in range(24))


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    size=st.integers(1, 40),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"]),
    colour=st.booleans(),
)
def test_any_picture_becomes_a_square(width: int, height: int, size: int, mode: str, colour: bool) -> None:
    picture = Image.new(mode, (width, height))
    pixels = image.square(saved(picture, "TIFF" if mode in ("CMYK", "YCbCr", "F") else "PNG"), size, colour)
    field = image.field(size, colour)
    assert (pixels.shape, str(pixels.dtype)) == (field.shape, field.dtype)


def test_a_picture_of_the_right_size_is_kept_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    assert np.array_equal(image.square(saved(Image.fromarray(pixels)), 8, True), pixels.transpose(2, 0, 1))


def test_the_aspect_ratio_is_kept_and_the_rest_has_the_colour_of_the_edge() -> None:
    wide = Image.new("RGB", (40, 20), (10, 200, 30))
    wide.paste((0, 0, 0), (15, 5, 25, 15))
    pixels = image.square(saved(wide), 40, True)
    assert (pixels[:, :10].reshape(3, -1).T == (10, 200, 30)).all()
    assert (pixels[:, 10:30] == np.asarray(wide).transpose(2, 0, 1)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation: int) -> None:
    upright = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 3)
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
    stored = upright.transpose(pixels.TURNED[undo[orientation]]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[pixels.ORIENTATION] = orientation
    assert np.array_equal(image.square(saved(stored, exif=exif), 8, False)[0], np.asarray(upright))


@pytest.mark.parametrize(
    ("picture", "grey"),
    [
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), 255),
        (Image.new("LA", (4, 4), (0, 255)), 0),
        (Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)), 100),
        (Image.new("1", (4, 4), 1), 255),
        (Image.new("RGB", (4, 4), (255, 0, 0)), 76),  # Rec. 601: 0.299 of 255
    ],
)
def test_every_mode_has_its_rule(picture: Image.Image, grey: int) -> None:
    assert (image.square(saved(picture), 4, False) == grey).all()


@pytest.mark.parametrize(("level", "grey"), [(0.5, 128), (1.0, 255), (200.0, 200), (1e6, 255), (float("nan"), 0)])
def test_float_pictures_are_0_to_1_unless_they_exceed_it(level: float, grey: int) -> None:
    picture = Image.fromarray(np.full((4, 4), level, np.float32))
    assert (image.square(saved(picture, "TIFF"), 4, False) == grey).all()


def test_a_pgm_of_17_levels_uses_the_full_range() -> None:
    assert image.square(b"P5 2 1 16\n" + bytes([0, 16]), 2, False)[0, 0].tolist() == [0, 255]


def test_a_large_jpeg_shrinks_to_what_it_shows() -> None:
    left = Image.new("L", (800, 800), 255)
    left.paste(0, (0, 0, 400, 800))
    pixels = image.square(saved(left, "JPEG", quality=95), 20, False)[0].astype(int)
    assert (pixels[:, :9] < 8).all() and (pixels[:, 11:] > 247).all()
