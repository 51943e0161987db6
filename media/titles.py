"""What the things are called that assets speak of by number: `titles.json` beside a catalog, where the source says it."""

import json
from collections.abc import Mapping
from pathlib import Path

FILE = "titles.json"


def write(folder: Path, titles: Mapping[str, str]) -> None:
    """Nothing is written when nothing has a title."""
    if titles:
        text = json.dumps(dict(sorted(titles.items())), indent=0, ensure_ascii=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, str]:
    """Item → its title; {} where the source says none."""
    try:
        titles: dict[str, str] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return titles
