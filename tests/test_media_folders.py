"""Outputs appear whole or not at all."""

from pathlib import Path

import pytest

from media import folders
from project.errors import NoSpace


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with one file in it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "file").write_text("old")
    return tmp_path / "out"


def test_a_new_folder_takes_the_place_of_the_old_one(out: Path) -> None:
    with folders.replacing(out) as fresh:
        (fresh / "other").write_text("new")
        assert tree(out) == {"file": "old"}
    assert tree(out.parent) == {"out/other": "new"}


def test_a_first_folder_needs_no_old_one(tmp_path: Path) -> None:
    with folders.replacing(tmp_path / "a" / "b") as fresh:
        (fresh / "file").write_text("new")
    assert tree(tmp_path) == {"a/b/file": "new"}


def test_an_error_leaves_the_old_folder(out: Path) -> None:
    with pytest.raises(ZeroDivisionError), folders.replacing(out) as fresh:
        (fresh / "other").write_text("new")
        raise ZeroDivisionError
    assert tree(out.parent) == {"out/file": "old"}


def test_a_full_disk_leaves_the_old_folder(out: Path) -> None:
    with pytest.raises(NoSpace, match="no space left for"), folders.replacing(out) as fresh:
        (fresh / "other").write_text("new")
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")
    assert tree(out.parent) == {"out/file": "old"}


def test_the_old_folder_comes_back_when_the_new_one_cannot_be_put_in_place(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self.name.endswith(".writing"):
            raise PermissionError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(PermissionError), folders.replacing(out) as fresh:
        (fresh / "other").write_text("new")
    assert tree(out.parent) == {"out/file": "old"}


def test_what_a_killed_run_left_is_swept(out: Path) -> None:
    for name in (".out.writing", ".out.old"):
        (out.parent / name).mkdir()
        (out.parent / name / "left").write_text("over")
    with folders.replacing(out) as fresh:
        (fresh / "other").write_text("new")
    assert tree(out.parent) == {"out/other": "new"}
