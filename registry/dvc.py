"""The only caller of DVC: what is stale, bringing a stage up to date, outputs, the remote."""

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from project.errors import DailiesError, IntegrityError, RemoteUnreachable, UsageError, full

LOCK_HEAD = "schema: '2.0'\nstages:\n"
"""How DVC begins a dvc.lock; each stage follows, two spaces in."""
_NEXT_STAGE = re.compile(r"\n  (?=[^ \n])")


class StageFailed(DailiesError):
    """A stage's command ended with an error; its log says which."""


@contextlib.contextmanager
def opened(root: Path, **core: str) -> Iterator[Any]:
    """A DVC repository; one a thread, never shared."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.WARNING)
    try:
        with Repo(
            str(root), _wait_for_lock=True, config={"core": {"check_update": False, "analytics": False, **core}}
        ) as repo:
            yield repo
    except DvcException as error:
        cause = error.__cause__
        no_space = full(cause) if isinstance(cause, OSError) else None
        raise no_space or DailiesError(f"DVC in {root}: {' '.join(str(error).split())}") from error


def share_settings(workspace: Path, worktree: Path) -> None:
    """Give a worktree the cache and the remotes of its workspace, by absolute path. Raises UsageError without a remote:
    a version that exists on one disk only could not be kept."""
    with opened(workspace) as repo:
        default = repo.config["core"].get("remote")
        if not default:
            raise UsageError(
                f"{workspace} has no default DVC remote, where versions are kept; "
                "set one: dvc remote add --local --default NAME FOLDER_OR_URL"
            )
        cache = {**repo.config["cache"], "dir": repo.cache.local_cache_dir}
        remotes = repo.config["remote"]
    with opened(worktree) as repo, repo.config.edit("local") as local:
        local["cache"], local["remote"] = cache, remotes
        local["core"]["remote"] = default


def stale(repo: Any, stages: Iterable[str]) -> dict[str, list[str]]:
    """Stage → what differs ("modified data/plan/train/digits.json", …); a stage that is current is absent.

    `Repo.status` reads dvc.yaml and dvc.lock again for each stage that it is asked about; here they are read once.
    """
    from dvc.dvcfile import load_file
    from dvc.repo import lock_repo

    found: dict[str, Any] = {}
    with lock_repo(repo):
        loaded = load_file(repo, f"{repo.root_dir}/dvc.yaml").stages
        for stage in stages:
            found |= loaded[stage].status(check_updates=True)
    return {stage.rsplit(":", 1)[-1]: _reasons(changes) for stage, changes in found.items()}


def _reasons(changes: list[Any]) -> list[str]:
    reasons = []
    for change in changes:
        if isinstance(change, str):
            reasons.append(change)
            continue
        for places in change.values():
            pairs = places.items() if isinstance(places, dict) else [(places, "changed")]
            reasons += [f"{how if isinstance(how, str) else 'changed'} {place}" for place, how in pairs]
    return reasons


def reproduce(repo: Any, stage: str, *, force: bool = False) -> None:
    """Let DVC run the command of one stage and write dvc.lock. Raises StageFailed.

    The interpreter that runs now goes first on PATH: a stage's command says `python`.
    """
    import sys

    from dvc.exceptions import ReproductionError

    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        repo.reproduce([_address(repo, stage)], single_item=True, force=force)
    except ReproductionError as error:
        raise StageFailed(f"stage {stage} failed: {' '.join(str(error.__cause__ or error).split())}") from error


def checkout(repo: Any, stages: Iterable[str]) -> None:
    """Link the outputs that dvc.lock names into the folder; outputs that the cache lacks are left out."""
    locked = read_lock(Path(repo.root_dir))
    targets = [_address(repo, stage) for stage in stages if stage in locked]
    if targets:
        repo.checkout(targets, force=True, allow_missing=True)


def _address(repo: Any, stage: str) -> str:
    return f"{repo.root_dir}/dvc.yaml:{stage}"


def read_lock(root: Path) -> dict[str, Any]:
    """The stages of dvc.lock."""
    try:
        return parse_lock((root / "dvc.lock").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def parse_lock(text: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(text, Loader=loader) or {}
    stages: dict[str, Any] = content.get("stages", {})
    return stages


def entries(text: str) -> dict[str, str]:
    """Stage → its lines in a dvc.lock, not read as YAML; of one that others wrote, nothing."""
    if not text.startswith(LOCK_HEAD):
        return {}
    parts = _NEXT_STAGE.split("\n" + text[len(LOCK_HEAD) :])
    return {part.partition(":\n")[0].strip().strip("'\""): part for part in parts if part.strip()}


def parse_stages(text: str, stages: Iterable[str]) -> dict[str, Any]:
    """Some stages of a dvc.lock. Only their lines are read as YAML: with 50 models the whole takes 40 ms."""
    if not text.startswith(LOCK_HEAD):
        whole = parse_lock(text)
        return {stage: whole[stage] for stage in stages if stage in whole}
    found = []
    for stage in stages:
        start = text.find(f"\n  {stage}:\n")
        if start >= 0:
            end = _NEXT_STAGE.search(text, start + 1)
            found.append(text[start : end.start() if end else len(text)])
    return parse_lock(LOCK_HEAD.rstrip("\n") + "".join(found) + "\n") if found else {}


def outputs(lock: dict[str, Any], stages: Iterable[str]) -> dict[str, str]:
    """Path → hash of every output that DVC keeps for `stages`."""
    return {out["path"]: out["md5"] for stage in stages for out in lock.get(stage, {}).get("outs", ())}


def objects(repo: Any, hashes: Iterable[str]) -> dict[str, Path]:
    """Hash → cache file, for `hashes` and for every file inside those that are folders. Raises IntegrityError."""
    found = {}
    waiting = list(hashes)
    while waiting:
        md5 = waiting.pop()
        path = Path(repo.cache.local.oid_to_path(md5))
        if not path.is_file():
            raise IntegrityError(f"object {md5} is not in the cache {repo.cache.local.path}; run: dvc fetch")
        found[md5] = path
        if md5.endswith(".dir"):
            waiting += [entry["md5"] for entry in json.loads(path.read_text(encoding="utf-8"))]
    return found


def is_cached(repo: Any, md5: str) -> bool:
    """Has the cache this object, and where it is a folder every file in it?"""
    try:
        objects(repo, [md5])
    except IntegrityError:
        return False
    return True


def cached_file(repo: Any, md5: str, name: str) -> Path | None:
    """Where the cache keeps one file of a folder output; None when it does not."""
    listing = Path(repo.cache.local.oid_to_path(md5))
    if not listing.is_file():
        return None
    entries = {entry["relpath"]: entry["md5"] for entry in json.loads(listing.read_text(encoding="utf-8"))}
    path = Path(repo.cache.local.oid_to_path(entries[name])) if name in entries else None
    return path if path and path.is_file() else None


class Cache:
    """Reads single objects out of the cache, and out of the remote where the cache lacks them. Nothing is kept."""

    def __init__(self, repo: Any) -> None:
        self._local = repo.cache.local
        self._repo = repo
        self.unreachable = ""

    def read(self, md5: str) -> bytes:
        """The bytes of an object. Raises IntegrityError when neither place has them, or they are not what it names."""
        path = Path(self._local.oid_to_path(md5))
        content = path.read_bytes() if path.is_file() else self._from_remote(md5)
        if content is None:
            asked = (
                f"the remote does not answer ({self.unreachable})" if self.unreachable else "the remote lacks it too"
            )
            raise IntegrityError(f"object {md5} is not in the cache, and {asked}")
        if hashlib.md5(content).hexdigest() != md5.removesuffix(".dir"):
            raise IntegrityError(f"object {md5} holds other bytes than its name says")
        return content

    def listing(self, md5: str) -> dict[str, str]:
        """Path → hash of each file of a folder output. Raises IntegrityError like `read`."""
        return {entry["relpath"]: entry["md5"] for entry in json.loads(self.read(md5))}

    def at_hand(self, hashes: Iterable[str]) -> set[str]:
        """Which objects the cache or the remote has."""
        wanted = set(hashes)
        found = {md5 for md5 in wanted if Path(self._local.oid_to_path(md5)).is_file()}
        if not wanted - found:
            return found
        try:
            return found | set(self._repo.cloud.get_remote_odb().oids_exist(list(wanted - found)))
        except (*away(), _dvc_error()) as error:
            self.unreachable = " ".join(str(error).split()) or type(error).__name__
            return found

    def _from_remote(self, md5: str) -> bytes | None:
        if self.unreachable:
            return None
        try:
            remote = self._repo.cloud.get_remote_odb()
            path = remote.oid_to_path(md5)
            return bytes(remote.fs.cat_file(path)) if remote.fs.exists(path) else None
        except (*away(), _dvc_error()) as error:
            self.unreachable = " ".join(str(error).split()) or type(error).__name__
            return None


def _dvc_error() -> type[Exception]:
    from dvc.exceptions import DvcException

    kind: type[Exception] = DvcException
    return kind


def materialise(root: Path, md5: str, folder: Path, *, link: bool = False) -> Path:
    """Copy a folder output out of the cache, or link it to read only, fetching nothing.

    Refuses entries that would leave `folder`.
    """
    if folder.is_dir():
        return folder
    with opened(root) as repo:
        files = objects(repo, [md5])
    temporary = Path(tempfile.mkdtemp(dir=_made(folder.parent), prefix=f".{folder.name}."))
    try:
        for entry in json.loads(files[md5].read_text(encoding="utf-8")):
            target = temporary / entry["relpath"]
            if not target.resolve().is_relative_to(temporary.resolve()):
                raise IntegrityError(
                    f"object {md5} names {entry['relpath']!r}, which lies outside its folder; it was tampered with"
                )
            _place(files[entry["md5"]], _made(target.parent) / target.name, link)
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return folder


def _place(cached: Path, target: Path, link: bool) -> None:
    try:
        if link:
            os.link(cached, target)
            return
    except OSError:  # another file system, or one without hard links
        pass
    shutil.copyfile(cached, target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def push(root: Path, stages: list[str], hashes: Iterable[str]) -> int:
    """Push the outputs of `stages` and list every object of them on the remote; the number of objects.

    DVC's own index of a remote survives a kill half filled and then hides what is missing, so each push starts with
    an index of its own, and what counts is the listing. Raises UsageError, RemoteUnreachable or IntegrityError.
    """
    with tempfile.TemporaryDirectory() as fresh, opened(root, site_cache_dir=fresh) as repo:
        wanted = objects(repo, hashes)
        try:
            repo.push([_address(repo, stage) for stage in stages])
        except away() as error:
            raise RemoteUnreachable(
                f"the DVC remote does not take the objects: {' '.join(str(error).split())}"
            ) from error
        lacking = missing(repo, wanted)
    if lacking:
        raise IntegrityError(f"{len(lacking)} objects are not on the remote after the push, the first is {lacking[0]}")
    return len(wanted)


def missing(repo: Any, hashes: Iterable[str]) -> list[str]:
    """Those of `hashes` that a listing of the remote lacks. Raises RemoteUnreachable."""
    wanted = set(hashes)
    try:
        return sorted(wanted - set(repo.cloud.get_remote_odb().oids_exist(list(wanted))))
    except away() as error:
        raise RemoteUnreachable(f"the DVC remote does not list its objects: {' '.join(str(error).split())}") from error


def away() -> tuple[type[Exception], ...]:
    """What a remote raises that does not answer, or lets nobody in: a folder, a server, object storage."""
    from botocore.exceptions import BotoCoreError
    from dvc.exceptions import UploadError

    return OSError, UploadError, BotoCoreError
