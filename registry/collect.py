"""Removing what nothing needs any more, and never anything that a version, a branch, the workspace or a run needs.

DVC's own gc keeps what some of these need, as told by flags; `dvc gc -w` deletes a live version from the cache.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from project import params
from project.errors import IntegrityError, UsageError
from registry import dvc, git, origin, runs, store, tags


@dataclass(frozen=True, slots=True)
class Collected:
    """What one place has, keeps, and what was removed or would be: object → bytes."""

    place: str
    objects: int
    kept: int
    removed: dict[str, int]


def collect(root: Path, *, dry: bool, remote: bool, retired: bool) -> list[Collected]:
    """Look through the cache, and with `remote` through the remote as well.

    What any tag reaches is kept; with `retired` only what belongs to versions that were not taken back. Raises Locked
    while a run is under way, and IntegrityError where a listing is lost, as nobody can say then what is needed.
    """
    with _alone(root), dvc.opened(root) as repo:
        here, there = store.cache(repo), store.remote(repo)
        if remote and there is None:
            raise UsageError("there is no DVC remote to clean; set one: dvc remote add --local --default NAME URL")
        needs, lost = store.needed(root, [each for each in (here, there) if each], retired=not retired)
        if lost:
            whom = ", ".join(store.owners(needs, lost[0]))
            raise IntegrityError(
                f"the listing {lost[0]}, which {whom} needs, is neither in the cache nor on the remote, so it cannot be "
                "said which objects are needed; nothing was removed, see: dailies verify --remote"
            )
        places = [here, there] if remote and there else [here]
        return [_clean(place, needs, dry) for place in places]


def _clean(place: store.Place, needs: store.Needs, dry: bool) -> Collected:
    names = place.names()
    spare = {md5: place.size(md5) or 0 for md5 in names if md5 not in needs}
    if not dry:
        # Listings go first: one that names files which are gone would look like a folder that is whole.
        for md5 in sorted(spare, key=lambda each: (not each.endswith(".dir"), each)):
            place.remove(md5)
    return Collected(place.name, len(names), len(names) - len(spare), spare)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """No run begins, lands or tags meanwhile. Raises Locked."""
    models = set(params.read(root / "params.yaml").models) | {runs.model_of(tree) for tree in _running(root)}
    models |= {version.name for version in tags.versions(root)}
    with ExitStack() as locks:
        for model in sorted(models):
            locks.enter_context(runs.lock(root, runs.lock_name(model)))
        locks.enter_context(runs.lock(root, "landing", wait=True))
        locks.enter_context(origin.held(root))
        yield


def _running(root: Path) -> Iterator[git.Worktree]:
    home = root / ".dailies" / "runs"
    yield from (tree for tree in git.worktrees(root) if tree.folder.parent == home)
