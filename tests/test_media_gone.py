"""A source that goes away, or changes, while it is read: one line, nothing half-written, the last version unharmed."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, opened

from media import tree
from media.ingest import ingest
from media.sources import Item, Reader
from project.errors import DailiesError, IntegrityError, QuarantineError, UsageError
from project.source import Source

TEXTS: dict[str, bytes | str] = {f"cat/{number:02d}.txt": f"cat number {number}" for number in range(20)}


class Then:
    """A source to which something happens just before one of its files is read."""

    def __init__(self, reader: Reader, path: str, happens: Callable[[], None]) -> None:
        self._reader = reader
        self._path = path
        self._happens = happens

    def fingerprint(self) -> str:
        return self._reader.fingerprint()

    def items(self) -> Iterator[Item]:
        for item in self._reader.items():
            yield replace(item, load=lambda item=item: self._load(item))

    def _load(self, item: Item) -> bytes:
        if item.path == self._path:
            self._happens()
        return item.load()


def refused(tmp_path: Path, happens: Callable[[], None], **keys: Any) -> DailiesError:
    """What ingest says when something happens midway; the last good version must stand afterwards, and nothing else."""
    fill(tmp_path / "source", TEXTS)
    made, out = {"kind": "text", "licence": "x", "path": "source", **keys}, tmp_path / "out" / "made"
    out.parent.mkdir(exist_ok=True)
    source, refusals = Source.model_validate(made), tmp_path / "refused.csv"
    ingest("made", source, opened(tmp_path, **made), out, lambda *_: None, refusals=refusals)
    kept = {path: path.read_bytes() for path in out.parent.rglob("*") if path.is_file()}
    fill(tmp_path / "source", {path: f"{text!s} again" for path, text in TEXTS.items()})
    reader = Then(opened(tmp_path, **made), "cat/10.txt", happens)
    with pytest.raises(DailiesError) as error:
        ingest("made", source, reader, out, lambda *_: None, refusals=refusals, previous=out)
    assert {path: path.read_bytes() for path in out.parent.rglob("*") if path.is_file()} == kept
    assert "\n" not in str(error.value)
    return error.value


def test_a_folder_that_disappears_midway(tmp_path: Path) -> None:
    error = refused(tmp_path, lambda: shutil.rmtree(tmp_path / "source"))
    assert isinstance(error, IntegrityError)
    assert "source/cat/10.txt went away while its source was read: No such file or directory; run again" in str(error)


def test_a_file_that_disappears_midway(tmp_path: Path) -> None:
    error = refused(tmp_path, (tmp_path / "source" / "cat" / "15.txt").unlink, max_quarantined=1)
    assert "cat/15.txt went away while its source was read" in str(error)


def test_a_folder_that_becomes_a_file(tmp_path: Path) -> None:
    def happens() -> None:
        shutil.rmtree(tmp_path / "source" / "cat")
        (tmp_path / "source" / "cat").write_text("")

    assert "went away while its source was read: Not a directory" in str(refused(tmp_path, happens))


@pytest.mark.parametrize("number", [errno.ESTALE, errno.ENOTCONN, errno.ENODEV])
def test_a_place_that_is_unmounted_midway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    real = os.open

    def gone(path: Any, *arguments: Any, **keys: Any) -> int:
        if str(path).startswith(str(tmp_path / "source")):
            raise OSError(number, os.strerror(number), path)
        return real(path, *arguments, **keys)

    error = refused(tmp_path, lambda: monkeypatch.setattr(os, "open", gone))
    assert f"went away while its source was read: {os.strerror(number)}" in str(error)


def test_a_disk_that_fails_refuses_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad sector is the fault of one file; a whole disk of them is more than a source allows."""
    real = os.open

    def fails(path: Any, *arguments: Any, **keys: Any) -> int:
        if str(path).startswith(str(tmp_path / "source")):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return real(path, *arguments, **keys)

    error = refused(tmp_path, lambda: monkeypatch.setattr(os, "open", fails))
    assert isinstance(error, QuarantineError)
    assert "10 x cannot be read: Input/output error" in str(error)


def test_files_that_change_while_they_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def grown(descriptor: int) -> os.stat_result:
        told = real(descriptor)
        return os.stat_result((*told[:6], told.st_size + 1, *told[7:]))

    error = refused(tmp_path, lambda: monkeypatch.setattr(os, "fstat", grown))
    assert "cannot be read: it changed while it was read; run again when it is at rest" in str(error)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_place_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fill(tmp_path / "source", TEXTS)
    reader, real = opened(tmp_path, kind="text"), os.scandir

    def fails(path: Any) -> Any:
        if str(path).endswith("cat"):
            raise OSError(number, os.strerror(number), path)
        return real(path)

    monkeypatch.setattr(os, "scandir", fails)
    for ask in (reader.fingerprint, lambda: list(reader.items())):
        with pytest.raises(UsageError, match=rf"source/cat cannot be listed: {os.strerror(number)}; a source must be"):
            ask()


def test_a_file_that_goes_between_listing_and_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = fill(tmp_path / "source", TEXTS)
    reader, real = opened(tmp_path, kind="text"), tree.walk

    def walk(root: Path) -> Any:
        found = real(root)
        (source / "cat" / "19.txt").unlink()
        return found

    monkeypatch.setattr(tree, "walk", walk)
    with pytest.raises(UsageError, match=r"cat/19.txt went away while its source was read: No such file"):
        reader.fingerprint()
