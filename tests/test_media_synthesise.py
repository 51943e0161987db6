"""Made assets: they follow from seed and number alone, pass their probes, and are what their labels say."""

import importlib
import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingesting import ingested, listed, opened
from PIL import Image

from media import board, draws, generators
from media.generators import boards
from project.errors import UsageError

MADE: dict[str, dict[str, Any]] = {
    name: {"kind": generators.load(name, "test").KIND, "format": "synthesise", "generator": name, "count": 8}
    for name in generators.names()
}

GOLDEN = """\
#########
#.#...#G#
#.#.#.#.#
#A..#.#.#
#####.#.#
#.......#
#########
"""


@pytest.mark.parametrize("name", MADE)
def test_every_generator_makes_what_its_kind_admits(tmp_path: Path, name: str) -> None:
    probe = importlib.import_module(f"media.probes.{MADE[name]['kind']}").probe
    made = [item.load() for item in listed(tmp_path, **MADE[name]).values()]
    assert [probe(data).get("reason") for data in made] == [None] * 8
    assert len(set(made)) == 8


@pytest.mark.parametrize("name", MADE)
def test_assets_follow_from_seed_and_number_alone(tmp_path: Path, name: str) -> None:
    first, more = listed(tmp_path, **MADE[name]), listed(tmp_path, **MADE[name] | {"count": 12})
    for path in reversed(first):
        assert more[path].load() == first[path].load()
        assert more[path].labels == first[path].labels
    others = listed(tmp_path, **MADE[name], seed=1)
    assert all(others[path].load() != first[path].load() for path in first)


@pytest.mark.parametrize("name", MADE)
def test_what_it_is_told_is_its_fingerprint(tmp_path: Path, name: str) -> None:
    prints = {opened(tmp_path, **MADE[name] | more).fingerprint() for more in ({}, {"count": 9}, {"seed": 1})}
    assert len(prints) == 3


def test_labels_are_equally_many(tmp_path: Path) -> None:
    rows = ingested(tmp_path, **MADE["shapes"])
    assert [row["labels"] for _, row in sorted(rows.items())] == 2 * [["circle"], ["square"], ["star"], ["triangle"]]
    assert all(row["format"] == "PNG" for row in rows.values())


@settings(max_examples=40)
@given(
    st.integers(3, 20), st.integers(3, 20), st.sampled_from(["maze", "rooms"]), st.integers(1, 9), st.integers(0, 999)
)
def test_every_board_can_be_won(width: int, height: int, style: Any, rooms: int, seed: int) -> None:
    told = boards.Settings(width=2 * width + 1, height=2 * height + 1, style=style, rooms=rooms, openings=seed % 5 / 4)
    tiles = board.grid(boards.make(draws.generator(seed, "0", 0, "boards"), told, ""))
    assert tiles.shape == (told.height, told.width)
    assert board.shortest(tiles) > 0
    edge = np.concatenate([tiles[0], tiles[-1], tiles[:, 0], tiles[:, -1]])
    assert (edge == board.WALL).all()


@given(st.integers(1, 12), st.sampled_from(["maze", "rooms"]), st.integers(0, 999))
def test_a_goal_is_no_farther_than_told(apart: int, style: Any, seed: int) -> None:
    told = boards.Settings(width=15, height=15, style=style, apart=apart)
    limited = board.grid(boards.make(draws.generator(seed, "0", 0, "boards"), told, ""))
    free = board.grid(boards.make(draws.generator(seed, "0", 0, "boards"), boards.Settings(style=style), ""))
    assert board.shortest(limited) == min(apart, board.shortest(free))


def test_a_seed_keeps_its_boards(tmp_path: Path) -> None:
    told = {"width": 9, "height": 7}
    made = [item.load().decode() for item in listed(tmp_path, **MADE["boards"], settings=told).values()]
    assert made[0] == GOLDEN


def test_a_maze_without_openings_has_one_way_to_each_place(tmp_path: Path) -> None:
    tiles = board.grid(listed(tmp_path, **MADE["boards"], settings={"openings": 0})["boards/000000.txt"].load())
    ways = tiles != board.WALL
    joined = (ways[1:] & ways[:-1]).sum() + (ways[:, 1:] & ways[:, :-1]).sum()
    assert joined == ways.sum() - 1  # a tree
    assert ways[1::2, 1::2].all()


def test_a_timbre_has_its_harmonics(tmp_path: Path) -> None:
    told = {"lowest_hz": 400, "highest_hz": 400, "duration_s": 1, "noise_db": -90}
    for item in listed(tmp_path, **MADE["tones"], settings=told).values():
        with wave.open(io.BytesIO(item.load())) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        heights = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))[[400, 800, 1200]]
        expected = {"sine": [0, 0], "square": [0, 1 / 3], "triangle": [0, 1 / 9], "sawtooth": [1 / 2, 1 / 3]}
        assert heights[1:] / heights[0] == pytest.approx(expected[item.labels[0]], abs=0.01)


def test_a_shape_covers_what_it_should(tmp_path: Path) -> None:
    told = {"shapes": ["circle"], "noise_levels": 0, "size_px": 64}
    for item in listed(tmp_path, **MADE["shapes"], settings=told).values():
        pixels = np.asarray(Image.open(io.BytesIO(item.load()))).astype(int)
        differs = (pixels != pixels[0, 0]).any(2)
        rows, columns = np.flatnonzero(differs.any(1)), np.flatnonzero(differs.any(0))
        across = (np.ptp(rows) + np.ptp(columns)) / 2 + 1
        assert differs.sum() == pytest.approx(np.pi / 4 * across**2, rel=0.06)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"generator": "tone"},
            "sources.made.generator is 'tone', not a file in media/generators/; did you mean 'tones'",
        ),
        ({"generator": None}, "name its generator and the count of its assets"),
        ({"count": None}, "name its generator and the count of its assets"),
        ({"kind": "image"}, "sources.made.kind is 'image', but tones makes audio"),
        ({"settings": {"rate": 1}}, "sources.made.settings: rate is not a known key; did you mean 'rate_hz'"),
        ({"settings": {"rate_hz": 1}}, "sources.made.settings: rate_hz is 1: input should be greater"),
        ({"settings": {"lowest_hz": 900}}, "lowest_hz 900 and highest_hz 880 must rise, and stay below 8000"),
        ({"settings": {"timbres": []}}, "timbres is"),
    ],
)
def test_settings_are_checked(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        opened(tmp_path, **MADE["tones"] | keys)
    assert said in str(error.value)


def test_boards_have_odd_sides(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="width is 8: must be odd"):
        opened(tmp_path, **MADE["boards"], settings={"width": 8})
