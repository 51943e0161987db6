"""Readers of sources: what they list, what they refuse, and when their fingerprint changes."""

import gzip
import hashlib
import importlib
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from media import sources
from media.sources import DOCUMENT, Item, Reader
from project.errors import IntegrityError, UsageError
from project.source import Source

ROOT = Path(__file__).parent.parent


def opened(tmp_path: Path, *, mirror: Path | None = None, **keys: Any) -> Reader:
    source = Source.model_validate({"kind": "image", "licence": "CC0-1.0", **keys})
    return sources.open_source("made", source, project=tmp_path, mirror=mirror, downloads=tmp_path / "downloads")


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def listed(reader: Reader) -> dict[str, Item]:
    return {item.path: item for item in reader.items()}


def test_formats_are_the_files_of_the_folder() -> None:
    assert {"folder", "conll", "synthesise"} <= set(sources.formats())
    for each in sources.formats():
        assert callable(importlib.import_module(f"media.sources.{each}").reader)


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    known = ", ".join(sources.formats())
    with pytest.raises(UsageError, match=rf"did you mean 'folder'\? known: {known}"):
        opened(tmp_path, format="foldr")


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'made' has no folder, looked for .*/mirror/made and .*/absent"):
        opened(tmp_path, path="absent", mirror=tmp_path / "mirror")


def test_the_mirror_goes_before_the_path(tmp_path: Path) -> None:
    written(tmp_path / "mirror" / "made", {"a/mirrored.png": b"1"})
    written(tmp_path / "here", {"a/local.png": b"1"})
    assert list(listed(opened(tmp_path, path="here", mirror=tmp_path / "mirror"))) == ["a/mirrored.png"]
    assert list(listed(opened(tmp_path, path="here"))) == ["a/local.png"]


def test_the_label_is_a_folder(tmp_path: Path) -> None:
    written(tmp_path / "here", {"x/cat/1.png": b"1", "x/dog/deep/2.png": b"2", "x/3.png": b"3"})
    items = listed(opened(tmp_path, path="here", label={"folder": 2}))
    assert {path: item.labels for path, item in items.items()} == {
        "x/3.png": (),
        "x/cat/1.png": ("cat",),
        "x/dog/deep/2.png": ("dog",),
    }
    assert items["x/3.png"].refused == "no label: it does not lie 2 folders deep"


def test_a_pattern_reads_label_group_and_split(tmp_path: Path) -> None:
    written(tmp_path / "here", {"val/7_ann_1.png": b"1", "half/7_ann_1.png": b"2", "odd.png": b"3"})
    pattern = r"^(?P<split>\w+)/(?P<label>\d)_(?P<group>\w+)_\d+"
    items = listed(opened(tmp_path, path="here", label={"pattern": pattern}))
    good = items["val/7_ann_1.png"]
    assert (good.labels, good.group, good.split, good.load()) == (("7",), "ann", "validation", b"1")
    assert items["odd.png"].refused == "no label: its path does not match the pattern"
    assert items["half/7_ann_1.png"].refused.startswith("its split 'half' is none of dev, test")


def test_what_is_no_asset_is_refused_or_skipped(tmp_path: Path) -> None:
    here = written(
        tmp_path / "here", {"a/1.png": b"1", "README.orl": b"", "a/LICENSE": b"", "a/.hidden": b"", ".git/x": b""}
    )
    outside = written(tmp_path / "outside", {"secret.png": b"secret"})
    (here / "a" / "link.png").symlink_to(outside / "secret.png")
    (here / "linked").symlink_to(outside)
    os.mkfifo(here / "a" / "pipe.png")
    items = listed(opened(tmp_path, path="here"))
    assert {path: item.refused for path, item in items.items()} == {
        "README.orl": DOCUMENT,
        "a/1.png": "",
        "a/LICENSE": DOCUMENT,
        "a/link.png": "a link; put the file itself here",
        "a/pipe.png": "not a regular file",
        "linked": "a link; put the file itself here",
    }
    assert items["a/link.png"].load() == os.fsencode(outside / "secret.png")
    with pytest.raises(OSError, match="not a regular file"):
        items["a/pipe.png"].load()


def test_a_text_file_is_no_document_in_a_source_of_texts(tmp_path: Path) -> None:
    written(tmp_path / "here", {"a/1.txt": b"1", "a/README": b"2"})
    items = listed(opened(tmp_path, path="here", kind="text"))
    assert [item.refused for item in items.values()] == ["", DOCUMENT]


def test_a_name_that_is_not_utf_8_is_escaped(tmp_path: Path) -> None:
    folder = written(tmp_path / "here", {"a/1.png": b"1"})
    (folder / "a" / os.fsdecode(b"\xff.png")).write_bytes(b"2")
    assert list(listed(opened(tmp_path, path="here"))) == ["a/1.png", "a/\\xff.png"]


def test_a_fingerprint_changes_with_the_files_alone(tmp_path: Path) -> None:
    folder = written(tmp_path / "here", {"a/1.png": b"1", "a/2.png": b"2"})
    reader = opened(tmp_path, path="here")
    first = reader.fingerprint()
    assert reader.fingerprint() == first
    (folder / "a" / ".hidden").write_bytes(b"")
    assert reader.fingerprint() == first
    (folder / "a" / "2.png").rename(folder / "a" / "3.png")
    renamed = reader.fingerprint()
    (folder / "a" / "3.png").write_bytes(b"longer")
    assert len({first, renamed, reader.fingerprint()}) == 3


def idx(*shape: int) -> bytes:
    count = 1
    for side in shape:
        count *= side
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + bytes(i % 251 for i in range(count))


PARTS = {"train": {"images": "images.gz", "labels": "labels.gz"}}


def test_idx_images_become_pgm_files(tmp_path: Path) -> None:
    written(tmp_path / "here", {"images.gz": gzip.compress(idx(3, 2, 4)), "labels.gz": gzip.compress(idx(3))})
    items = listed(opened(tmp_path, format="idx", path="here", parts=PARTS))
    assert list(items) == ["images.gz#00000", "images.gz#00001", "images.gz#00002"]
    second = items["images.gz#00001"]
    assert (second.labels, second.split) == (("1",), "train")
    assert second.load() == b"P5 4 2 255\n" + bytes(range(8, 16))


def test_unpacked_idx_files_are_the_same_source(tmp_path: Path) -> None:
    declared = {"images.gz": hashlib.sha256(idx(3, 2, 4)).hexdigest(), "labels.gz": hashlib.sha256(idx(3)).hexdigest()}
    written(tmp_path / "packed", {"images.gz": gzip.compress(idx(3, 2, 4)), "labels.gz": gzip.compress(idx(3))})
    written(tmp_path / "plain", {"images": idx(3, 2, 4), "labels": idx(3)})
    packed, plain = (
        opened(tmp_path, format="idx", path=path, parts=PARTS, sha256=declared) for path in ("packed", "plain")
    )
    assert packed.fingerprint() == plain.fingerprint()
    assert [item.load() for item in packed.items()] == [item.load() for item in plain.items()]


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (gzip.compress(idx(3, 2, 4)), gzip.compress(idx(2)), "has 3 images but labels.gz has 2 labels"),
        (gzip.compress(idx(3, 2, 4)[:-1]), gzip.compress(idx(3)), "but holds 23 values"),
        (gzip.compress(idx(24)), gzip.compress(idx(3)), "not an IDX file of unsigned bytes with 3 dimensions"),
        (gzip.compress(idx(3, 2, 4))[:-9], gzip.compress(idx(3)), "cannot be unpacked"),
        (b"", gzip.compress(idx(3)), "not an IDX file"),
    ],
    ids=["counts", "too_short", "not_images", "cut_off", "empty"],
)
def test_a_damaged_idx_file_is_named(tmp_path: Path, images: bytes, labels: bytes, said: str) -> None:
    written(tmp_path / "here", {"images.gz": images, "labels.gz": labels})
    with pytest.raises(IntegrityError, match=said):
        list(opened(tmp_path, format="idx", path="here", parts=PARTS).items())


def test_an_idx_file_must_have_the_hash_of_params_yaml(tmp_path: Path) -> None:
    written(tmp_path / "here", {"images.gz": gzip.compress(idx(3, 2, 4)), "labels.gz": gzip.compress(idx(3))})
    reader = opened(tmp_path, format="idx", path="here", parts=PARTS, sha256={"images.gz": "0" * 64})
    with pytest.raises(IntegrityError, match=r"images.gz has SHA-256 .* params.yaml says 0000"):
        list(reader.items())


def test_a_missing_idx_file_needs_a_url(tmp_path: Path) -> None:
    written(tmp_path / "here", {"images.gz": b""})
    with pytest.raises(UsageError, match=r"has no file labels.gz in .*/here, and no url"):
        opened(tmp_path, format="idx", path="here", parts=PARTS)


def test_the_digits_of_scikit_learn(tmp_path: Path) -> None:
    reader = opened(tmp_path, format="scikit_learn", dataset="digits")
    items = list(reader.items())
    assert len(items) == 1797
    assert items[0].labels == ("0",)
    assert items[0].load()[:18] == b"P5 8 8 16\n" + bytes([0, 0, 5, 13, 9, 1, 0, 0])
    assert len(reader.fingerprint()) == 64


def test_an_unknown_data_set_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="known: digits"):
        opened(tmp_path, format="scikit_learn", dataset="iris")


def test_a_fingerprint_needs_no_heavy_library() -> None:
    code = (
        "import sys; from pathlib import Path; from media import sources; from project.params import Source\n"
        "s = Source(kind='image', licence='x', format='scikit_learn', dataset='digits')\n"
        "sources.open_source('a', s, project=Path(), mirror=None, downloads=Path()).fingerprint()\n"
        "heavy = {'numpy', 'pyarrow', 'pandas', 'sklearn', 'PIL'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
