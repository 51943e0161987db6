"""docs/variations.md names the operations that there are, in the order in which they apply."""

import importlib
import re

import pytest
from workspaces import ROOT

PAGE = (ROOT / "docs" / "variations.md").read_text(encoding="utf-8")
SECTIONS = {"image": "Pictures", "audio": "Sounds", "text": "Texts", "score": "Scores"}


def keys(kind: str) -> list[str]:
    operations = importlib.import_module(f"media.operations.{kind}").OPERATIONS
    return [operation.key for operation in operations]


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_operation_has_a_row_in_the_order_of_application(kind: str) -> None:
    section = PAGE.split(f"## {SECTIONS[kind]}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == keys(kind)


def test_videos_have_what_pictures_have_and_more() -> None:
    pictures, videos = keys("image"), keys("video")
    assert videos[-len(pictures) :] == pictures
    assert all(f"`{key}`" in PAGE for key in videos)


def test_every_kind_is_on_the_page() -> None:
    files = {path.stem for path in (ROOT / "media" / "operations").glob("[a-z]*.py")}
    with_operations = {
        name for name in files if hasattr(importlib.import_module(f"media.operations.{name}"), "OPERATIONS")
    }
    assert with_operations == {*SECTIONS, "video"}


@pytest.mark.parametrize("name", ["jitter_shift", "jitter_rotate", "jitter_scale", "jitter_flip", "mixup", "cutmix"])
def test_settings_of_batches_are_those_of_the_recipe(name: str) -> None:
    from recipes import load

    assert f"`{name}`" in PAGE and name in load("image_classification").settings.__dataclass_fields__
