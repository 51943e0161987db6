"""First sight of a file: hostile ones cost themselves and nothing else."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sounds import encoded

from media import probe
from media.probe import Pool
from media.probe_process import Limits
from media.probes import image
from project.errors import DailiesError, UsageError

HOSTILE = """
import os, signal, time
def probe(data):
    if data == b"crash": os.kill(os.getpid(), signal.SIGSEGV)
    if data == b"exit": os._exit(3)
    if data == b"hang": time.sleep(60)
    if data == b"spin":
        while True: pass
    if data == b"grow": return {"reason": str(len(bytearray(1 << 40)))}
    if data == b"write": os.write(os.open(__file__ + ".out", os.O_CREAT | os.O_WRONLY), b"x")
    if data == b"talk": print("noise", flush=True)
    return {"format": data.decode()}
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "hostile"


def examined(module: str, *contents: bytes, wall_s: float = 30) -> list[tuple[str, str]]:
    limits = Limits(memory_bytes=1 << 30, cpu_s=1, wall_s=wall_s)
    with Pool(module, limits=limits) as pool:
        results = pool.probe((content.decode(), content) for content in contents)
        return [(name, found.get("reason") or found["format"]) for name, found in results]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"crash", "it crashes the decoder (SIGSEGV)"),
        (b"exit", "it crashes the decoder (exit 3)"),
        (b"spin", "decoding it takes more than 1 s of processor time"),
        (b"grow", "it crashes the decoder (exit 1)"),
        (b"write", "it crashes the decoder (exit 1)"),
    ],
)
def test_only_the_hostile_asset_is_lost(hostile: str, content: bytes, reason: str) -> None:
    before, after = [(b"%d" % i, str(i)) for i in range(300)], [(b"%d" % i, str(i)) for i in range(300, 330)]
    found = examined(hostile, *(data for data, _ in before), content, *(data for data, _ in after))
    assert found == [*((n, n) for _, n in before), (content.decode(), reason), *((n, n) for _, n in after)]


def test_an_asset_that_hangs_is_given_up(hostile: str) -> None:
    assert examined(hostile, b"1", b"hang", b"2", wall_s=0.5) == [
        ("1", "1"),
        ("hang", "decoding it takes longer than 0.5 s"),
        ("2", "2"),
    ]


def test_an_error_outside_ends_the_processes_at_once(hostile: str) -> None:
    def assets() -> Iterator[tuple[str, bytes]]:
        yield from ((str(i), b"hang") for i in range(probe.CHUNK_ASSETS))
        yield "1", b"1"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Pool(hostile, limits=Limits(wall_s=3600)) as pool:
        list(pool.probe(assets()))


def test_what_a_decoder_prints_is_no_answer(hostile: str) -> None:
    assert examined(hostile, b"talk", b"1") == [("talk", "talk"), ("1", "1")]


def test_a_probe_that_cannot_start_is_our_error() -> None:
    with pytest.raises(DailiesError, match="does not start"):
        examined("media.probes.absent", b"1")


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="known: audio, board, episode, image, score, table, text, video"):
        probe.pool("smell")


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)).convert(mode)


def test_what_a_picture_is() -> None:
    found = image.probe(saved(noise("L"), "JPEG"))
    assert len(found.pop("fingerprint")) == 64
    assert found == {
        "format": "JPEG", "mode": "L", "width": 30, "height": 40, "frames": 1, "channels": 1, "signals": [],
    }  # fmt: skip
    animated = image.probe(saved(noise("P"), "GIF", save_all=True, append_images=[Image.new("P", (30, 40))]))
    assert (animated["frames"], animated["mode"]) == (2, "P")


def test_signals_in_a_picture_are_named() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    assert image.probe(saved(noise(), "JPEG", exif=exif, xmp=b"<x/>", comment=b"c2pa"))["signals"] == [
        "c2pa",
        "exif",
        "xmp",
    ]


def bomb() -> bytes:
    """A PNG that says it is 20,000 px square."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "an empty file"),
        (b"GIF", "not a picture in a known format"),
        (saved(noise(), "JPEG")[:-200], "damaged: image file is truncated"),
        (saved(noise(), "PNG")[:-200], "damaged: "),
        (bomb(), "more than 89,478,485 pixels"),
        (saved(noise(), "ICO"), "not a picture in a known format"),
        (saved(Image.new("LAB", (4, 4)), "TIFF"), "colour space LAB is not read"),
    ],
)
def test_a_bad_picture_is_refused_with_a_reason(data: bytes, said: str) -> None:
    assert image.probe(data)["reason"].startswith(said)


def test_refusals_answer_in_the_order_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(saved(noise(), "PNG"))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    reasons = probe.refusals([tmp_path / "bad.png", tmp_path / "good.png", tmp_path / "absent.png"], "image")
    assert [reason[:13] for reason in reasons] == ["not a picture", "", "cannot be rea"]


@pytest.mark.parametrize("rate_hz", [1_000, 4_000, 6_000, 6_400, 7_999, 8_000, 11_025, 44_100, 96_000, 768_000])
def test_a_sound_of_any_rate_is_examined(rate_hz: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, rate_hz).astype(np.float32)
    with probe.pool("audio") as pool:
        [(_, found)] = pool.probe([("noise", encoded(noise, rate_hz=rate_hz))])
    assert found.get("rate_hz") == rate_hz, found
    assert bool(found["fingerprint"]) == (rate_hz >= 6_400)
