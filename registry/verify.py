"""Are the objects that versions need what their names say? Every one is rehashed, in the cache and on the remote."""

import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from project import layout
from project.errors import IntegrityError
from registry import dvc, store
from registry.store import Place

Tick = Callable[[int, int], None]
"""Called with how many objects are checked, and of how many."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One object that is not as it should be. `restore` says how to get it back."""

    place: str
    md5: str
    problem: Literal["missing", "empty", "damaged", "tampered with", "a link"]
    needed_by: tuple[str, ...]
    restore: str
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at: objects by place, of how many that are needed."""

    checked: dict[str, int]
    needed: int
    faults: tuple[Fault, ...]


def verify(root: Path, *, remote: bool, share: float, repair: bool, tick: Tick, seed: int | None = None) -> Verified:
    """Check what versions, branches, the workspace and unfinished runs need; of the hashes a `share`, drawn at random.

    Whether an object is there is always checked. With `repair` a good copy from the other place replaces a bad one.
    """
    with dvc.opened(root) as repo:
        here, there = store.cache(repo), store.remote(repo)
        if remote and there is None:
            raise IntegrityError("there is no DVC remote to verify; set one: dvc remote add --local --default NAME URL")
        places = [here, there] if remote and there else [here]
        needs, _ = store.needed(root, [each for each in (here, there) if each], retired=False)
        drawn = _drawn(sorted(needs), share, seed)
        faults, checked = [], {}
        published = {md5 for md5, whom in needs.items() if any("@" in who for who in whom)}
        total, done = len(needs) + len(published) * (len(places) - 1), 0
        for place in places:
            other = there if place is here else here
            wanted = needs.keys() if place is here else published  # only versions are pushed
            for md5 in sorted(wanted):
                problem = _problem(place, md5, rehash=md5 in drawn)
                if problem:
                    faults.append(_fault(root, place, other, md5, problem, needs, repair))
                done += 1
                tick(done, total)
            checked[place.name] = len(drawn & wanted)
        if repair:
            _relink(root, repo, {fault.md5 for fault in faults if fault.place == here.name})
    return Verified(checked, len(needs), tuple(faults))


def _relink(root: Path, repo: Any, touched: set[str]) -> None:
    """The workspace's files are the same files as in the cache, so the damaged ones are still there. What is lost is
    missing afterwards, and so DVC makes it again."""
    lock = dvc.read_lock(root)
    stale = set()
    for path, md5 in dvc.outputs(lock, lock).items() if touched else ():
        listing = store.cache(repo).listing(md5) if md5.endswith(".dir") else {"": md5}
        for name, each in (listing or {}).items():
            if each in touched:
                (root / path / name if name else root / path).unlink(missing_ok=True)
                stale.add(path)
    stages = [stage for stage in lock if stale.intersection(dvc.outputs(lock, [stage]))]
    if stages:
        dvc.checkout(repo, stages)


def _drawn(names: Sequence[str], share: float, seed: int | None) -> set[str]:
    if share >= 1:
        return set(names)
    return set(random.Random(seed).sample(names, max(1, round(share * len(names))))) if names else set()


def _problem(place: Place, md5: str, *, rehash: bool) -> Any:
    """What is wrong with an object; empty when nothing is."""
    if place.is_link(md5):
        return "a link"
    size = place.size(md5)
    if size is None:
        return "missing"
    if size == 0 and md5 != store.EMPTY:
        return "empty"
    if rehash and place.digest(md5) != md5.removesuffix(".dir"):
        return "damaged"
    if rehash and md5.endswith(".dir"):
        try:
            place.listing(md5)
        except IntegrityError:
            return "tampered with"
    return ""


def _fault(
    root: Path, place: Place, other: Place | None, md5: str, problem: Any, needs: store.Needs, repair: bool
) -> Fault:
    good = other is not None and not _problem(other, md5, rehash=True)
    flag = " --remote" if place.name != "cache" else ""
    owners = tuple(store.owners(needs, md5))
    if not good:
        aside = repair and place.name == "cache" and problem != "missing"
        if aside:
            _set_aside(layout.private(root) / "damaged" / md5, place, md5)
        return Fault(place.name, md5, problem, owners, _again(owners, aside))
    if repair and other is not None:
        _copy(other, place, md5)
    return Fault(
        place.name,
        md5,
        problem,
        owners,
        f"from the {other.name if other else ''}: dailies verify{flag} --repair",
        repair,
    )


def _again(owners: Sequence[str], aside: bool) -> str:
    """No place has it any more: another clone may, else only a run of the same inputs makes it again."""
    models = sorted({owner.partition("@")[0] for owner in owners if "@" in owner})
    command = f"dailies run {' '.join(models) or 'MODEL'}, then: dailies verify --remote --repair"
    first = "it is put aside in .dailies/damaged" if aside else "put it aside: dailies verify --repair"
    return f"no good copy here or on the remote; push it from another clone, or make it again: {first}, then: {command}"


def _set_aside(to: Path, place: Place, md5: str) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    place.move(md5, to)


def _copy(source: Place, target: Place, md5: str) -> None:
    """Put a good copy in the place of a bad one; the copy is checked once more before it goes there."""
    data = source.read(md5)
    if data is None:
        raise IntegrityError(f"object {md5} changed on the {source.name} while it was copied; run again")
    handle, name = tempfile.mkstemp(prefix="dailies-repair-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        target.replace(md5, Path(name))
    finally:
        Path(name).unlink(missing_ok=True)
