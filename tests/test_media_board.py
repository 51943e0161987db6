"""Boards: what is a board, the shortest way through one, and its planes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from ingesting import fill, ingested
from scipy.sparse import csgraph, lil_array

from media import board
from media.probes import board as prober

EXAMPLE = b"""\
#########
#A..#..G#
#...#...#
#.......#
#########
"""


def test_what_a_board_is() -> None:
    assert prober.probe(EXAMPLE) == {"format": "TILES", "width": 9, "height": 5, "signals": []}
    assert prober.probe(b"A G")["signals"] == ["open edge"]


def test_the_shortest_way_goes_around_the_wall() -> None:
    assert board.shortest(board.grid(EXAMPLE)) == 10
    assert board.shortest(board.grid(b"AG")) == 1
    assert board.shortest(board.grid(b"A#G")) == -1


@pytest.mark.parametrize(
    "data", [EXAMPLE.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + EXAMPLE, b"\n" + EXAMPLE.rstrip(), EXAMPLE + b"\n\n"]
)
def test_line_ends_and_empty_lines_around_it_are_no_part_of_a_board(data: bytes) -> None:
    assert np.array_equal(board.grid(data), board.grid(EXAMPLE))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"\n \n", "an empty board"),
        (b"A..\n..\n..G", "row 2 has 2 tiles, the first has 3; a board is a rectangle"),
        (b"A.\n\n.G", "row 2 has 0 tiles"),
        (b"A.\n.x\n.G", "row 2 has 'x' at place 2; tiles are # (wall), . or space (floor), A (start) and G (goal)"),
        (b"A.A\n..G", "has 2 of A (start); a board has one"),
        (b"...\n..G", "has 0 of A (start); a board has one"),
        (b"A..\n...", "has 0 of G (goal); a board has one"),
        (b"A#.\n##G", "its goal cannot be reached from its start"),
        (b"A" + b"." * 256 + b"G", "larger than 256 x 256 tiles"),
        (b"A\n" + b".\n" * 256 + b"G", "larger than 256 x 256 tiles"),
        (b"AG\n" * 1_000_000, "larger than 256 x 256 tiles"),
        (b"A.G\xff", "not a text: byte 3 is not UTF-8"),
    ],
)
def test_a_bad_board_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data)["reason"].startswith(reason)


def test_the_largest_board_is_read() -> None:
    rows = [b"A" + b"." * 255, *[b"." * 256] * 254, b"." * 255 + b"G"]
    assert prober.probe(b"\n".join(rows))["width"] == 256
    assert board.shortest(board.grid(b"\n".join(rows))) == 510


BOARDS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(2, 9)), elements=st.integers(0, 1))


@given(tiles=BOARDS, data=st.data())
def test_the_shortest_way_is_that_of_scipy(tiles: np.ndarray, data: st.DataObject) -> None:
    """Breadth-first search against Dijkstra on the graph of all floor tiles."""
    start, goal = data.draw(st.lists(st.integers(0, tiles.size - 1), min_size=2, max_size=2, unique=True))
    tiles.flat[start], tiles.flat[goal] = board.START, board.GOAL
    width = tiles.shape[1]
    graph = lil_array((tiles.size, tiles.size))
    for place in range(tiles.size):
        for beside in (place + 1 if (place + 1) % width else -1, place + width):
            if 0 <= beside < tiles.size and board.WALL not in (tiles.flat[place], tiles.flat[beside]):
                graph[place, beside] = 1
    distance = csgraph.dijkstra(graph.tocsr(), directed=False, indices=start)[goal]
    assert board.shortest(tiles) == (-1 if np.isinf(distance) else distance)


@given(tiles=arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3)))
def test_planes_and_texts_say_the_same_as_the_grid(tiles: np.ndarray) -> None:
    height, width = tiles.shape
    planes = board.planes(tiles, height + 2, width + 1)
    field = board.field(height + 2, width + 1)
    assert (planes.shape, str(planes.dtype)) == (field.shape, field.dtype)
    assert (planes.sum(axis=0) == 1).all()
    assert np.array_equal(planes[:, :height, :width].argmax(axis=0), tiles)
    assert planes[board.WALL, height:].all() and planes[board.WALL, :, width:].all()
    assume(tiles.any())  # a text of floor alone is an empty board
    assert np.array_equal(board.grid(board.text(tiles).encode()), tiles)


def test_a_board_that_is_too_large_for_its_planes_is_an_error() -> None:
    with pytest.raises(ValueError, match="a board of 5 x 9 tiles does not fit into 5 x 8"):
        board.planes(board.grid(EXAMPLE), 5, 8)


def test_a_catalog_of_boards(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"easy/1.lvl": EXAMPLE, "easy/2.lvl": b"A#G"})
    rows = ingested(tmp_path, kind="board")
    assert [rows["easy/1.lvl"][name] for name in ("width", "height", "labels")] == [9, 5, ["easy"]]
    assert rows["easy/2.lvl"]["reason"] == "its goal cannot be reached from its start"
