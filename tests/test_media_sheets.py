"""Sheets: every kind is drawn, and what is drawn is what is in the file."""

import io
from pathlib import Path

import numpy as np
import pytest
from films import animation
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested
from PIL import Image
from sounds import encoded, tone

from media import buckets, sheets
from media.sheets import audio, board, score, table, video

LEVELS = ("#####\n#A.G#\n#####\n", "######\n#A...#\n#.##G#\n######\n")
RATED = "item,rating,time\na,1,10\nb,5,20\nc,5,30\n"


def still(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(file, "PNG")
    return file.getvalue()


FILES: dict[str, dict[str, bytes | str]] = {
    "image": {"warm/red.png": still("red"), "cold/blue.png": still("blue")},
    "audio": {"low/a.wav": encoded(tone()), "none/b.wav": encoded(0 * tone()), "short/c.wav": encoded(tone(0.001))},
    "text": {"left/a.txt": "<b>one</b>", "right/b.txt": "二" * 1000},
    "video": {"grey/a.gif": animation(), "one/b.webp": animation("WEBP", frames=2)},
    "score": {"major/c.json": "[[60, 64, 67], [60, 64, 67], [62, -1, 67]]"},
    "board": {"easy/a.txt": LEVELS[0], "hard/b.txt": LEVELS[1]},
    "table": {"person/a.csv": RATED},
}


def test_every_kind_has_a_sheet_and_a_test() -> None:
    assert sheets.kinds() == sorted(FILES)


@pytest.mark.parametrize("kind", sheets.kinds())
def test_a_sheet_shows_every_asset_of_a_small_source(tmp_path: Path, kind: str) -> None:
    fill(tmp_path / "source", FILES[kind])
    rows = sheets.chosen([row for row in ingested(tmp_path, kind=kind).values() if row["status"] == "admitted"])
    assert sorted(path for row in rows for path in row["paths"]) == sorted(FILES[kind])
    blobs = buckets.Blobs(tmp_path / "assets")
    shown = [sheets.Shown(row, blobs.get(row["asset_id"]), sheets.caption(row)) for row in rows]
    page, again = sheets.draw(kind, "made", shown), sheets.draw(kind, "made", shown)
    assert page == again
    if sheets.suffix(kind) == ".html":
        assert "&lt;b&gt;one&lt;/b&gt;" in page.decode() and "… (1,000 characters)" in page.decode()
        return
    with Image.open(io.BytesIO(page)) as picture:
        assert picture.width >= len(shown) * 64 and len(picture.convert("RGB").getcolors(1 << 24) or ()) > 2


@given(st.lists(st.sampled_from("abcdefghij"), max_size=60), st.integers(1, 12))
def test_a_few_of_each_label_are_chosen(labels: list[str], most: int) -> None:
    rows = [{"asset_id": f"{n:064x}", "labels": [label], "reason": ""} for n, label in enumerate(labels)]
    chosen = sheets.chosen(rows, most)
    assert len(chosen) <= most and sheets.chosen(rows[::-1], most) == chosen
    assert len({row["labels"][0] for row in chosen}) == min(most, len(set(labels)))
    assert [row["labels"] for row in chosen] == sorted(row["labels"] for row in chosen)


def test_a_tone_is_one_bright_line_and_silence_is_dark() -> None:
    drawn = audio.spectrogram(tone(1, pitch_hz=1000)[:, 0], 256).astype(int).sum(axis=2)
    brightest = drawn[:, 50:140].mean(axis=1).argmax()
    assert abs(brightest - audio.SPECTRUM_PX * 3 // 4) <= 2  # 1 kHz of 4, counted from the bottom
    assert audio.spectrogram(np.zeros(8000, np.float32), 256).max() < 5
    assert (audio.waveform(np.ones(8000, np.float32))[-5:] == audio.PALE).all()


def test_the_frames_of_a_strip_are_spaced_in_time() -> None:
    strip = video.strip(animation(frames=6), 0.6)
    middles = [strip[video.SIDE_PX // 2, video.SIDE_PX // 2 + number * video.SIDE_PX, 0] for number in range(3)]
    assert np.abs(np.array(middles, int) - [0, 40, 80]).max() <= 3


def test_a_roll_has_high_notes_on_top() -> None:
    drawn = score.picture(b"[[60], [72]]", "JSON").astype(int).sum(axis=2)
    assert drawn[127 - 60, 0] < 600 and drawn[127 - 72, 1] < 600 and drawn[127 - 60, 1] > 600


def test_a_board_and_a_histogram_fill_their_place() -> None:
    drawn = board.picture(np.array([[1, 1, 1, 1], [1, 2, 3, 1]], np.uint8))
    assert (drawn[0, :] == board.COLOURS[1]).all() and (drawn[-1] == 255).all()
    assert (drawn[40, 50] == board.COLOURS[2]).all() and (drawn[40, 80] == board.COLOURS[3]).all()
    bars = table.bars(np.array([1.0, 5.0, 5.0]))
    assert (bars[0, -1] == table.BAR).all() and (bars[0, 8] == table.PAPER).all() and (bars[-1, 8] == table.BAR).all()
