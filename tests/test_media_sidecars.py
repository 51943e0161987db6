"""Labels that lie beside their assets, and labels that are the same for all."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, listed, opened

from media.sources import DOCUMENT
from project import params
from project.errors import UsageError

LABEL: dict[str, Any] = {"sidecar": ".gt.txt", "pattern": "^(?P<group>[^/]+)/"}
FILES = {
    "vita/1.bin.png": b"1",
    "vita/1.gt.txt": "etiam \u1ebd\n",
    "vita/2.png": b"2",
    "missale/3.png": b"3",
    "missale/3.gt.txt": b" \n",
    "missale/4.png": b"4",
    "missale/4.gt.txt": b"\xff",
    "missale/5.png": b"5",
    "missale/5.gt.txt": b"x" * 70_000,
    "6.png": b"6",
    "readme.txt": "notes",
}
EXPECTED = {
    "6.png": ((), "", "its path does not match the pattern"),
    "missale/3.png": ((), "missale", "no label: 3.gt.txt is empty"),
    "missale/4.png": ((), "missale", "no label: 4.gt.txt is not valid utf-8 at byte 0"),
    "missale/5.png": ((), "missale", "no label: 5.gt.txt is larger than 64 KiB"),
    "vita/1.bin.png": (("etiam \u1ebd",), "vita", ""),
    "vita/2.png": ((), "vita", "no label: there is no 2.gt.txt beside it"),
}


def told(tmp_path: Path, **keys: Any) -> dict[str, tuple[tuple[str, ...], str, str]]:
    items = listed(tmp_path, kind="image", label=LABEL, **keys)
    return {path: (i.labels, i.group, i.refused) for path, i in items.items() if i.refused != DOCUMENT}


def test_a_transcript_lies_beside_its_picture(tmp_path: Path) -> None:
    fill(tmp_path / "source", FILES)
    assert told(tmp_path) == EXPECTED


def test_an_archive_says_the_same(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    fill(tmp_path / "source", {"lines.zip": content.getvalue()})
    assert told(tmp_path, format="archive", file="lines.zip") == EXPECTED


def test_texts_may_have_sidecars_which_are_documents(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.v2.txt": "text", "a.v2.label": "good", "b.txt": "x", "b.txt.label": "never read"})
    items = listed(tmp_path, kind="text", label={"sidecar": ".label"})
    assert {path: (item.labels, item.refused) for path, item in items.items()} == {
        "a.v2.label": ((), DOCUMENT),
        "a.v2.txt": (("good",), ""),
        "b.txt": ((), "no label: there is no b.label beside it"),
        "b.txt.label": ((), DOCUMENT),
    }


def test_a_linked_sidecar_is_not_followed(tmp_path: Path) -> None:
    source = fill(tmp_path / "source", {"a.png": b"1"})
    (source / "a.gt.txt").symlink_to("/etc/hostname")
    items = listed(tmp_path, kind="image", label={"sidecar": ".gt.txt"})
    assert items["a.png"].refused == "no label: a.gt.txt is refused: a link; put the file itself here"


def test_a_touched_sidecar_is_noticed(tmp_path: Path) -> None:
    source = fill(tmp_path / "source", {"a.png": b"1", "a.gt.txt": "one", "b.png": b"2", "b.gt.txt": "two"})
    (before, _, kept, _) = settled(tmp_path)
    (source / "a.gt.txt").write_text("changed")
    (after, _, still, _) = settled(tmp_path)
    assert (kept, before == after) == (still, False)


def settled(tmp_path: Path) -> list[str]:
    """The stamps of a source that has been at rest since long."""
    import media.tree

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media.tree, "SETTLED_S", -1.0)
        found = listed(tmp_path, kind="image", label={"sidecar": ".gt.txt"})
    return [found[name].stamp for name in ("a.png", "a.gt.txt", "b.png", "b.gt.txt")]


def test_all_may_have_one_label_and_a_pattern_for_the_rest(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"test/ann-1.png": b"1", "train/bob-2.png": b"2"})
    label = {"constant": "signature", "pattern": r"^(?P<split>\w+)/(?P<group>\w+)-"}
    items = listed(tmp_path, kind="image", label=label)
    assert [(item.labels, item.group, item.split) for item in items.values()] == [
        (("signature",), "ann", "test"),
        (("signature",), "bob", "train"),
    ]


def test_a_group_of_a_pattern_says_the_split_by_matching(tmp_path: Path) -> None:
    names = ("7_theo_0.wav", "7_theo_4.wav", "7_theo_5.wav", "7_theo_40.wav")
    fill(tmp_path / "source", dict.fromkeys(names, b"x"))
    pattern = r"(?P<label>\d)_(?P<group>[a-z]+)_((?P<test>[0-4])|\d+)\.wav$"
    items = listed(tmp_path, kind="audio", label={"pattern": pattern})
    assert [items[name].split for name in names] == ["test", "test", "", ""]
    assert {(item.labels, item.group, item.refused) for item in items.values()} == {(("7",), "theo", "")}
    beside = listed(tmp_path, kind="audio", label={"none": True, "pattern": r"(?P<validation>_5\.)|_\d+\."})
    assert [beside[name].split for name in names] == ["", "", "validation", ""]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ({"sidecar": ".txt", "constant": "x"}, "give exactly one of folder, pattern"),
        ({"sidecar": ".txt", "folder": 1}, "give exactly one of folder, pattern"),
        ({"sidecar": ".txt", "none": True, "pattern": "(?P<group>x)"}, "give exactly one of folder, pattern"),
        ({"sidecar": "../x"}, "string should match pattern"),
        (
            {"sidecar": ".txt", "pattern": "x"},
            r"no group named group or split or subject or test or train or validation, write \(\?P<group>…\)",
        ),
        ({"none": True, "pattern": "(?P<label>x)(?P<group>y)"}, "another rule says the label; leave it out"),
    ],
)
def test_rules_that_contradict_are_refused(label: dict[str, Any], said: str) -> None:
    source = {"kind": "image", "licence": "MIT", "label": label}
    with pytest.raises(UsageError, match=said):
        params.parse({"sources": {"lines": source}}, "params.yaml")


def test_lines_have_no_sidecars(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.txt": "x"})
    with pytest.raises(UsageError, match="sidecar"):
        opened(tmp_path, kind="text", format="lines", label={"sidecar": ".txt"})
