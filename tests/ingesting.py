"""A folder filled on the spot, opened as a source and ingested."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import catalog, sources
from media.ingest import ingest
from media.sources import Item, Reader
from project.source import Source


def fill(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files, by their path below `folder`."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def opened(tmp_path: Path, **keys: Any) -> Reader:
    """The reader of the source `made`, whose files lie in `tmp_path`/source."""
    source = Source.model_validate({"licence": "CC0-1.0", "path": "source", **keys})
    return sources.open_source("made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads")


def listed(tmp_path: Path, **keys: Any) -> dict[str, Item]:
    return {item.path: item for item in opened(tmp_path, **keys).items()}


def ingested(tmp_path: Path, **keys: Any) -> dict[str, dict[str, Any]]:
    """Path → catalog row, after ingesting the source with any number of refusals."""
    source = Source.model_validate({"licence": "CC0-1.0", "path": "source", "max_quarantined": 1, **keys})
    reader = opened(tmp_path, **keys)
    ingest("made", source, reader, tmp_path / "assets", lambda *_: None, refusals=tmp_path / "refused.csv")
    return {path: row for row in catalog.read(tmp_path / "assets") for path in row["paths"]}
