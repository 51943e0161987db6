"""Earlier catalogs of a source, as far as they are at hand: named by dvc.lock and its history, kept in the cache of DVC."""

from collections.abc import Iterator
from pathlib import Path

from project import layout
from registry import dvc, git

CATALOG = "catalog.parquet"
MOST_COMMITS = 50


def versions(root: Path, source: str) -> list[str]:
    """The hashes that the assets of a source have and had, the present one first."""
    commits = git.git(root, "log", f"-{MOST_COMMITS}", "--format=%H", "--", "dvc.lock").splitlines()
    locks = [dvc.read_lock(root), *(dvc.parse_lock(git.show(root, commit, "dvc.lock") or "") for commit in commits)]
    place = str(layout.assets(root, source).relative_to(root))
    found = [dvc.outputs(lock, [f"ingest@{source}"]).get(place) for lock in locks]
    return list(dict.fromkeys(md5 for md5 in found if md5))


def catalog_before(root: Path, source: str, known: list[str]) -> Path | None:
    """The catalog of the newest of the `known` versions that is not the present one and is in the cache."""
    present = versions(root, source)[:1]
    others = (md5 for md5 in known if md5 not in present)
    return next(_catalogs(root, others), None)


def _catalogs(root: Path, hashes: Iterator[str]) -> Iterator[Path]:
    with dvc.opened(root) as repo:
        for md5 in hashes:
            if path := dvc.cached_file(repo, md5, CATALOG):
                yield path
