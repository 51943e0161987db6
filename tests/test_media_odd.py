"""Files that a reader must survive: each is admitted and becomes a sample, or is refused with a reason."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from media import image, probe
from media.picture import FORMATS

MIRROR = os.environ.get("DAILIES_MIRROR")
ODD = Path(MIRROR or "") / "media-odd"
needs_odd = pytest.mark.skipif(not MIRROR or not ODD.is_dir(), reason="DAILIES_MIRROR has no media-odd")
REFUSED_BY_US = {
    "images/pillow/hopper.Lab.tif",  # Pillow decodes it, but cannot turn it into RGB
    "images/pillow/broken_data_stream.png",  # the manifest loaded these two twice, and only the first time fails
    "images/pillow/truncated_end_chunk.png",
}


@needs_odd
def test_every_odd_picture_has_its_verdict() -> None:
    with (ODD / "images" / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        manifest = {line["file"]: line for line in csv.DictReader(file)}
    version = next(name for name in next(iter(manifest.values())) if name.startswith("pillow_"))
    names = [name for name in manifest if (ODD / name).is_file()]
    with probe.pool("image") as pool:
        found = dict(pool.probe((name, (ODD / name).read_bytes()) for name in names))
    assert len(found) == len(names) > 250
    for name, line in manifest.items():
        known = line["format"] in (*FORMATS, "MPO") and name not in REFUSED_BY_US
        assert ("reason" not in found[name]) == (line[version] == "ok" and known), (name, dict(found[name]), line)
        if "reason" not in found[name]:
            assert (found[name]["format"], found[name]["mode"]) == (line["format"], line["mode"])
            assert f"{found[name]['width']}x{found[name]['height']}" == line["size"]
            assert found[name]["frames"] == int(line["frames"])


@needs_odd
@pytest.mark.parametrize("colour", [False, True])
def test_every_admitted_picture_becomes_a_square(colour: bool) -> None:
    paths = sorted(path for path in (ODD / "images").rglob("*") if path.is_file())
    admitted = [path for path, reason in zip(paths, probe.refusals(paths, "image"), strict=True) if not reason]
    assert len(admitted) > 200
    for path in admitted:
        assert image.square(path.read_bytes(), 24, colour).shape == image.field(24, colour).shape


ODD_VIDEOS = {
    "cockatoo.mp4": 280, "newtonscradle.gif": 36, "chi.gif": 31, "dispose_bgnd.gif": 5, "dispose_none.gif": 5,
    "dispose_prev.gif": 5, "hopper.gif": 1, "iss634.gif": 42, "no_palette.gif": 2, "transparent.gif": 1,
    "iss634.apng": 41, "iss634.webp": 42, "delay.png": 4, "mode_16bit.png": 2, "syntax_num_frames_low.png": 1,
}  # fmt: skip
"""What moves among the odd files, and its frames. The manifest counts the picture that an APNG shows where it cannot
move as a frame of it; we do not. Two PNG say that they move, and lack the frames or the head that would."""


@needs_odd
def test_what_moves_among_the_odd_files_is_a_video() -> None:
    paths = sorted(path for path in ODD.rglob("*") if path.is_file())
    with probe.pool("video") as pool:
        found = dict(pool.probe((str(path), path.read_bytes()) for path in paths))
    assert {Path(name).name: what["frames"] for name, what in found.items() if "reason" not in what} == ODD_VIDEOS


MEMORY = """
import resource, sys
from pathlib import Path
from media import probe, probes
paths = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
for kind in probes.kinds():
    with probe.pool(kind) as pool:
        found = list(pool.probe((str(path), path.read_bytes()) for path in paths))
    assert len(found) == 357, len(found)
    ended = [what["reason"] for _, what in found if "decod" in what.get("reason", "") and "crash" in what["reason"]]
    assert not ended, ended
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # kB, of the largest child
status = Path("/proc/self/status").read_text().splitlines()  # getrusage counts what the caller held before exec as well
own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(own + probe.MOST_PROCESSES * largest)
"""


@needs_odd
@pytest.mark.slow
def test_every_odd_file_as_every_kind_stays_below_a_gigabyte() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY, str(ODD)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1_000_000


def test_noise_of_every_format_never_stops_the_probe() -> None:
    """A synthetic twin: heads of each format with nonsense behind."""
    heads = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"P5 9 9 255\n",
        b"P2 3 3 9\n",
        b"BM",
        b"GIF89a",
        b"II*\0",
        b"RIFF",
    ]
    contents = [head + bytes((i * k) % 256 for i in range(300)) for head in heads for k in range(7)]
    with probe.pool("image") as pool:
        found = [result for _, result in pool.probe((str(i), content) for i, content in enumerate(contents))]
    assert len(found) == len(contents)
    assert all(result.get("reason", "x") for result in found)
    assert sum("reason" in result for result in found) > 30


ODD_SOUNDS = {
    "truncated_data": "cut short: its header promises 8,602 bytes of sound, 4,302 are there",
    "header_only": "cut short: its header promises 8,602 bytes of sound, 0 are there",
    "zero_data_size": "its header says that it holds no samples",
}
"""Sounds that libsndfile opens, but which we refuse: it says nothing about samples that are missing."""

ODD_FLAC = {
    "04 - wrong number of channels": "damaged: flac channel changed mid stream",
    "06 - missing streaminfo metadata block": "coded in a way that is not read; convert it to PCM or FLAC",
    "22 - 12 bit per sample": "coded in a way that is not read; convert it to PCM or FLAC",
    "02 - increasing number of channels": "damaged: flac channel changed mid stream",
}
"""FLAC files that are refused. The other faulty ones state limits that a decoder need not believe; number 05 states
fewer samples than it has, and those that it states are read."""

needs_odd_sounds = pytest.mark.skipif(not (ODD / "audio").is_dir(), reason="DAILIES_MIRROR has no media-odd")


def sounds(folder: str) -> dict[str, dict[str, object]]:
    paths = sorted((ODD / "audio" / folder).rglob("*.*"))
    with probe.pool("audio") as pool:
        return {name: dict(found) for name, found in pool.probe((path.name, path.read_bytes()) for path in paths)}


@needs_odd_sounds
def test_every_odd_sound_has_the_verdict_of_the_list() -> None:
    with (ODD / "audio" / "made-from-fsdd" / "LIST.csv").open(encoding="utf-8", newline="") as file:
        listed = {line["file"]: line for line in csv.DictReader(file)}
    found = sounds("made-from-fsdd")
    for name, line in listed.items():
        expected = ODD_SOUNDS.get(name.split(".")[0])
        if expected:
            assert found[name]["reason"] == expected
            continue
        assert ("reason" not in found[name]) == (line["libsndfile_opens"] == "yes"), (name, found[name])
        if "reason" not in found[name]:
            assert found[name]["duration_s"] == int(line["frames_read"]) / 8000


@needs_odd_sounds
def test_odd_flac_files_have_their_verdict() -> None:
    found = {name.removesuffix(".flac"): what for name, what in sounds("flac").items() if name.endswith(".flac")}
    assert {name: what["reason"] for name, what in found.items() if "reason" in what} == ODD_FLAC
    assert sorted({what["channels"] for what in found.values() if "channels" in what}) == [1, 3, 4, 8]  # type: ignore[type-var]


FOUND_ENCODING = {
    "Big5": "big5", "EUC-JP": "euc_jp", "EUC-KR": "cp949", "GB2312": "gb18030", "KOI8-R": "koi8_r",
    "SHIFT_JIS": "cp932", "UTF-16": "utf-16", "UTF-16BE": "utf_16_be", "UTF-32": "utf-32", "iso-2022-jp": "iso2022_jp",
    "iso-8859-1": "cp1252", "utf-8": "utf-8", "utf-8-sig": "utf-8-sig", "windows-1251-russian": "cp1251",
    "windows-1252": "cp1252",
}  # fmt: skip
"""Folder → what is found: the encoding that browsers read under that name, a superset."""


@pytest.mark.skipif(not (ODD / "text").is_dir(), reason="DAILIES_MIRROR has no media-odd")
def test_every_odd_text_is_read_in_its_encoding() -> None:
    paths = [path for path in sorted((ODD / "text" / "chardet").rglob("*")) if path.parent.name in FOUND_ENCODING]
    with probe.pool("text") as pool:
        found = [what for _, what in pool.probe((path.name, path.read_bytes()) for path in paths)]
    assert len(paths) == 19
    for path, what in zip(paths, found, strict=True):
        assert what.get("mode") == FOUND_ENCODING[path.parent.name], (path, dict(what))


@pytest.mark.skipif(not (ODD / "text").is_dir(), reason="DAILIES_MIRROR has no media-odd")
def test_a_page_with_a_null_in_it_is_refused() -> None:
    (path,) = (ODD / "text" / "chardet" / "ascii").iterdir()
    (reason,) = probe.refusals([path], "text")
    assert reason.startswith("not a text: control character U+")
