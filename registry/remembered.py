"""What DVC has said of a stage, kept as long as nothing has changed that it looked at, so that a glance at many models asks
it about few stages, or none, and need not even import it (0.4 s).

A stage's signature holds its entry in dvc.lock, how each file of its dependencies and outputs stands (size, times, inode),
whether the objects of its outputs are in the cache, and the files that say how DVC works here. It is for looking only: what
is about to run asks DVC itself.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from project import layout
from registry import dvc

RULES = ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config", ".dvc/config.local")
LEFT_OUT = ("__pycache__",)


def stale(root: Path, stages: Iterable[str]) -> dict[str, list[str]]:
    """As `dvc.stale` says it: stage → what differs; a stage that is current is absent."""
    stages = list(stages)
    path = layout.private(root) / "stages.json"
    kept = _read(path)
    now = _Signatures(root, kept.get("cache", ""), kept.get("stages", {}))
    known = {stage: each for stage in stages if (each := now.kept.get(stage)) and now.entry(stage) == _without(each)}
    asked = [stage for stage in stages if stage not in known]
    if asked:
        with dvc.opened(root) as repo:
            found, cache = dvc.stale(repo, asked), str(repo.cache.local_cache_dir)
        if cache != kept.get("cache"):
            asked, known, now = stages, {}, _Signatures(root, cache, {})
        said = {stage: {**now.entry(stage), "reasons": found.get(stage, [])} for stage in asked}
        others = kept.get("stages", {}) if cache == kept.get("cache") else {}
        layout.write_json(path, {"cache": cache, "stages": {**others, **said}})
        known |= said
    return {stage: list(each["reasons"]) for stage, each in known.items() if each["reasons"]}


def _without(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kept.items() if key != "reasons"}


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content


class _Signatures:
    """How the stages stand at this moment; each folder is walked once, and an entry of dvc.lock that has not changed is not
    read as YAML again, which with 50 models takes longer than all else."""

    def __init__(self, root: Path, cache: str, kept: Mapping[str, Any]) -> None:
        self.kept = kept
        self._root, self._cache = root, cache
        self._rules = [_content(root / name) for name in RULES]
        try:
            self._text = (root / "dvc.lock").read_text(encoding="utf-8")
        except FileNotFoundError:
            self._text = ""
        self._entries = dvc.entries(self._text)
        self._standing: dict[str, str] = {}

    def entry(self, stage: str) -> dict[str, Any]:
        """What is kept of a stage, but for the answer."""
        text = self._entries.get(stage, "")
        locked = hashlib.sha256(text.encode()).hexdigest()
        before = self.kept.get(stage, {})
        paths, objects = before.get("paths", []), before.get("objects", [])
        if before.get("locked") != locked:
            read = dvc.parse_stages(self._text, [stage]).get(stage, {})
            paths = [place["path"] for place in (*read.get("deps", ()), *read.get("outs", ()))]
            objects = [out["md5"] for out in read.get("outs", ()) if "md5" in out]
        told = [self._rules, [self._stand(path) for path in paths], [self._is_kept(md5) for md5 in objects]]
        signature = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        return {"locked": locked, "paths": paths, "objects": objects, "signature": signature}

    def _stand(self, path: str) -> str:
        if path not in self._standing:
            told = json.dumps(list(_files(self._root / path)))
            self._standing[path] = hashlib.sha256(told.encode()).hexdigest()
        return self._standing[path]

    def _is_kept(self, md5: str) -> bool:
        return os.path.exists(f"{self._cache}/files/md5/{md5[:2]}/{md5[2:]}")  # noqa: PTH110


def _files(path: Path) -> Iterator[object]:
    """How a file stands, or each below a folder."""
    try:
        known = path.lstat()
    except FileNotFoundError:
        return
    if not path.is_dir():
        yield [known.st_size, known.st_mtime_ns, known.st_ctime_ns, known.st_ino]
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(files):
            each = os.lstat(os.path.join(folder, name))  # noqa: PTH118  a path object a file costs a third more
            yield [folder, name, each.st_size, each.st_mtime_ns, each.st_ctime_ns, each.st_ino]


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
