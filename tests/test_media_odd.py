"""Files that a reader must survive: each is admitted and becomes a sample, or is refused with a reason."""

import csv
import os
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
