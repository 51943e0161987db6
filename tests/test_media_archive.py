"""Archives: members are read one by one, nothing is extracted, and what could do harm is refused with a reason."""

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingesting import fill, ingested, listed, opened
from sounds import encoded, tone

from media import archive_members
from media.sources import DOCUMENT
from project.errors import IntegrityError, UsageError

Pack = Callable[[Mapping[str, bytes]], bytes]
FILES = {
    "set/cat/2.png": b"22",
    "set/cat/1.png": b"1",
    "set/README.md": b"Cats",
    "set/.hidden/x.png": b"0",
    "x.png": b"3",
}


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("set")
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(mode: str) -> Pack:
    def pack(files: Mapping[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    return pack


PACKERS = [
    ("zip", zipped),
    ("tar", tarred("w")),
    *((f"tar.{each}", tarred(f"w:{each}")) for each in ("gz", "bz2", "xz")),
]
every_kind = pytest.mark.parametrize(("suffix", "pack"), PACKERS, ids=[name for name, _ in PACKERS])


def refusals(tmp_path: Path, data: bytes, **keys: Any) -> dict[str, str]:
    fill(tmp_path / "source", {"a": data})
    items = listed(tmp_path, kind="image", format="archive", file="a", label={"none": True}, **keys)
    for item in items.values():
        if item.refused:
            with pytest.raises(OSError, match=item.refused[:9]):
                item.load()
    return {path: item.refused for path, item in items.items()}


@every_kind
def test_members_are_read_as_files_of_a_folder(tmp_path: Path, suffix: str, pack: Pack) -> None:
    fill(tmp_path / "source", {f"set.{suffix}": pack(FILES)})
    items = listed(tmp_path, kind="image", format="archive", file=f"set.{suffix}", label={"folder": 2})
    assert {path: (item.labels, item.refused, item.load()) for path, item in items.items()} == {
        "set/README.md": ((), DOCUMENT, b"Cats"),
        "set/cat/1.png": (("cat",), "", b"1"),
        "set/cat/2.png": (("cat",), "", b"22"),
        "x.png": ((), "no label: it does not lie 2 folders deep", b"3"),
    }
    assert list(items) == sorted(items)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"set.{suffix}"], "something was extracted"


@every_kind
def test_an_archive_is_ingested_like_the_folder_it_was_made_of(tmp_path: Path, suffix: str, pack: Pack) -> None:
    files = {f"a/{number}.wav": encoded(tone(number + 1)) for number in range(3)} | {"a/bad.wav": b"RIFF"}
    fill(tmp_path / "source", {f"x.{suffix}": pack(files)})
    packed = ingested(tmp_path, kind="audio", format="archive", file=f"x.{suffix}")
    before = {path.name: path.read_bytes() for path in (tmp_path / "assets").glob("*")}
    (tmp_path / "source" / f"x.{suffix}").unlink()
    fill(tmp_path / "source", files)
    assert ingested(tmp_path, kind="audio") == packed
    assert {path.name: path.read_bytes() for path in (tmp_path / "assets").glob("*")} == before


OUT = "its path leads out of the archive"


@every_kind
@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "a\\..\\x.png", "C:x.png"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, suffix: str, pack: Pack, name: str) -> None:
    found = refusals(tmp_path, pack({name: b"x", "good.png": b"y"}))
    assert sorted(found.values()) == ["", OUT]


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    kinds = {"soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    reason = "a link, a device or a sparse file; put the file itself here"
    assert refusals(tmp_path, buffer.getvalue()) == dict.fromkeys(sorted(kinds), reason)


def with_member(name: str, content: bytes, **fields: Any) -> bytes:
    """A zip of one member, whose record is changed by `fields`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
        for field, value in fields.items():
            setattr(info, field, value)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    data = with_member("link.png", b"/etc/passwd", external_attr=(kind | 0o777) << 16)
    assert refusals(tmp_path, data) == {"link.png": "a link or a device; put the file itself here"}


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    found = refusals(tmp_path, with_member("secret.png", b"x" * 99, flag_bits=1))
    assert found == {"secret.png": "encrypted; put it here without a password"}


def test_two_members_of_one_name_are_both_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", b"2")
    fill(tmp_path / "source", {"a": buffer.getvalue()})
    items = list(opened(tmp_path, kind="image", format="archive", file="a", label={"none": True}).items())
    assert [item.refused for item in items] == ["its archive has several files of this name; keep one"] * 2


def test_a_member_that_swells_too_much_is_refused_unread(tmp_path: Path) -> None:
    data = with_member("bomb.png", bytes(20 << 20))
    assert refusals(tmp_path, data)["bomb.png"].startswith("a bomb: 20,")


def test_a_member_larger_than_its_record_says_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a": with_member("liar.png", b"x" * 5000, file_size=10)})
    (item,) = opened(tmp_path, kind="image", format="archive", file="a", label={"none": True}).items()
    with pytest.raises(OSError, match=r"damaged in its archive: Bad CRC-32"):
        item.load()


def test_members_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    data = with_member("a.png", os.urandom(3000))
    directory = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    records = b"".join(data[directory:end].replace(b"a.png", b"%c.png" % letter) for letter in b"abcd")
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 4, 4, len(records), directory, 0)
    fill(tmp_path / "source", {"a": data[:directory] + records + tail})
    with pytest.raises(IntegrityError, match="is a bomb: its members share their 1"):
        list(opened(tmp_path, kind="image", format="archive", file="a").items())


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_tar_that_swells_too_much_is_a_bomb(tmp_path: Path, kind: str) -> None:
    fill(tmp_path / "source", {"a": tarred(f"w:{kind}")({"zeros.png": bytes(24 << 20)})})
    with pytest.raises(IntegrityError, match="is a bomb: it unpacks to more than 16,777,216 bytes"):
        list(opened(tmp_path, kind="image", format="archive", file="a").items())


@every_kind
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 0.99), scratches=st.lists(st.tuples(st.floats(0, 0.99), st.integers(0, 255)), max_size=4))
def test_a_damaged_archive_is_an_error_or_yields_intact_members(
    tmp_path: Path, suffix: str, pack: Pack, cut: float, scratches: list[tuple[float, int]]
) -> None:
    files = {f"a/{number}.png": bytes([number]) * 700 for number in range(4)}
    data = bytearray(pack(files))
    for place, value in scratches:
        data[int(place * len(data))] = value
    fill(tmp_path / "source", {"a": bytes(data[: round(len(data) * (cut if cut < 0.5 else 1))])})
    reader = opened(tmp_path, kind="image", format="archive", file="a", label={"none": True})
    try:
        items = list(reader.items())
    except IntegrityError:
        return
    for item in items:
        try:
            content = item.load()
        except OSError:
            continue
        assert suffix != "zip" or content in files.values()


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a": b"nothing of the kind" * 99})
    with pytest.raises(IntegrityError, match="source/a is no zip or tar archive, or damaged"):
        list(opened(tmp_path, kind="image", format="archive", file="a").items())


def test_an_archive_must_be_named_and_there(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a": b""})
    with pytest.raises(UsageError, match="has format archive; name its file"):
        opened(tmp_path, kind="image", format="archive")
    with pytest.raises(UsageError, match=r"has no file b\.zip"):
        opened(tmp_path, kind="image", format="archive", file="b.zip")


def test_an_archive_must_have_the_hash_of_params_yaml(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a": zipped(FILES)})
    reader = opened(tmp_path, kind="image", format="archive", file="a", sha256={"a": "0" * 64})
    with pytest.raises(IntegrityError, match=r"source/a has SHA-256 .* params.yaml says 0000"):
        list(reader.items())


def test_the_nameless_file_of_a_compressed_tar_goes_with_its_members(tmp_path: Path) -> None:
    fill(tmp_path, {"a.tgz": tarred("w:gz")(FILES)})
    found = archive_members.members(tmp_path / "a.tgz", tmp_path / "scratch")
    assert [member.load() for member in found if member.path == "x.png"] == [b"3"]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    nameless = zipped({"QQ": b"1", "b.png": b"2"}).replace(b"QQ", b"\0\0")
    assert refusals(tmp_path, nameless) == {"": "its archive gives it no name", "b.png": ""}
