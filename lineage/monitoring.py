"""The canary of one model: is there enough that arrived after both versions, what do both say of it, and what follows."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lineage import arrived, current, index, rights
from project import layout
from project.notices import Notice
from project.watching import Monitor
from registry import canary, dvc, origin, runs, scores, stage, tags
from registry.canary import Look, Pair
from registry.promotion import Moved
from registry.stage import Logger

Outcome = Literal["alone", "settled", "too few", "not worse", "better", "rolled back"]
Tell = Callable[[Notice], object]
"""People are told."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of it. `arrived` of `needed` assets were there for the next look; `look` is the last one taken."""

    model: str
    outcome: Outcome
    pair: Pair | None = None
    arrived: int = 0
    needed: int = 0
    look: Look | None = None
    moved: Moved | None = None
    said: str = ""

    @property
    def text(self) -> str:
        """What a person is told."""
        pair, look = self.pair, self.look
        if pair is None:
            return f"{self.model}: no version is live that took the place of another, so there is nothing to compare"
        if self.outcome == "settled":
            return (
                f"{pair.live.tag} was rolled back once ({self.said}) and made live again by hand, and is left as it is"
            )
        if self.moved and look:
            return (
                f"{pair.live.tag} is worse than {pair.before.version} and rolled back; {pair.before.version} is live again\n"
                f"  answers  {look.said}\n  tag      {self.moved.tag}"
            )
        if self.outcome == "too few" or look is None:
            last = f"; the last look: {look.word}" if look else ""
            return f"{pair.said}: too few new assets, {self.arrived:,} of {self.needed:,}{last}"
        return f"{pair.said}: {look.word}; the next look is at {self.needed:,}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "outcome": self.outcome,
            "live": self.pair.live.version if self.pair else None,
            "before": self.pair.before.version if self.pair else None,
            "arrived": self.arrived,
            "needed": self.needed,
            "look": self.look.as_dict() if self.look else None,
            "tag": self.moved.tag if self.moved else None,
        }


def watch(root: Path, model: str, source: str, rule: Monitor, log: Logger, tell: Tell) -> Watched:
    """Compare the live version with the one before it, and roll back by rule. Raises Locked while another process does;
    RightsRefused, IntegrityError when the one before may not or cannot be made live."""
    with runs.lock(root, runs.lock_name(f"monitor-{model}")):
        with origin.held(root):
            origin.sync(root)
        pair = canary.pair(root, model)
        if pair is None:
            return Watched(model, "alone")
        if event := canary.rolled_back(root, pair):
            return Watched(model, "settled", pair, said=tags.said(event))
        past = canary.looks(root, pair)
        if not (past and past[-1].verdict == "worse"):
            seen = _looked(root, pair, source, rule, past, log)
            if seen.outcome != "rolled back":
                return seen
            past = canary.looks(root, pair)
        return _rolled_back(root, pair, past[-1], tell)


def _rolled_back(root: Path, pair: Pair, look: Look, tell: Tell) -> Watched:
    """The look is kept already: one that was killed before this point is taken up here by the next call."""
    moved = canary.roll_back(root, pair, look, rights.of_version)
    title = f"{pair.live.tag} is rolled back, {pair.before.version} is live again"
    tell(Notice("rolled_back", pair.live.name, title, f"{pair.said}: {look.said}"))
    return Watched(pair.live.name, "rolled back", pair, look.assets, look.assets, look, moved)


def _looked(root: Path, pair: Pair, source: str, rule: Monitor, past: list[Look], log: Logger) -> Watched:
    model, last = pair.live.name, past[-1] if past else None
    needed = canary.needed(rule, past)
    with index.opened(root) as db:
        before = arrived.known(db, [pair.live, pair.before])
    with _fresh(root, model) as folder:
        _ingest(folder, source, log)
        new = arrived.since(layout.assets(folder, source), before)
        if len(new) < needed:
            return Watched(model, "too few", pair, len(new), needed, last)
        log.info("%s, on %d assets that neither knew", pair.said, len(new))
        answers = _answers(folder, pair, sorted(new))
    shared = answers[0].keys() & answers[1].keys()
    if len(shared) < needed:
        return Watched(model, "too few", pair, len(shared), needed, last)
    groups = {sample: _group(sample, new) for sample in shared}
    look = canary.compare(*answers, groups, rule, len(past) + 1)
    listed = hashlib.sha256("\n".join(sorted(shared)).encode()).hexdigest()
    kept = canary.record(root, pair, look, {"worse_by": rule.worse_by, "listed": listed})
    outcome: Outcome = "rolled back" if kept.verdict == "worse" else kept.verdict
    return Watched(model, outcome, pair, kept.assets, canary.needed(rule, [kept]), kept)


def _group(sample: str, groups: dict[str, str]) -> str:
    """The group of a sample, which may be made of several assets: those of one group stay in it."""
    return "+".join(sorted({groups[asset] or asset for asset in sample.split("+")}))


def _answers(folder: Path, pair: Pair, ids: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    """What the live version and the one before it score."""
    home = layout.private(folder) / "compare"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as out:
        only = Path(out) / "assets.json"
        layout.write_json(only, ids)
        live, before = (
            scores.measured(folder, each, Path(out) / each.version, only) for each in (pair.live, pair.before)
        )
    return live, before


def _ingest(folder: Path, source: str, log: Logger) -> None:
    """The source as it is now, checked and catalogued as a run would."""
    with dvc.opened(folder) as repo:
        dvc.checkout(repo, ["plan", f"ingest@{source}"])
    stage.bring_up_to_date(folder, "plan", log, force=bool(current.moved_source(folder, source)))
    stage.bring_up_to_date(folder, f"ingest@{source}", log)


@contextlib.contextmanager
def _fresh(root: Path, model: str) -> Iterator[Path]:
    """A worktree of the newest commit, so that neither the workspace nor a run of the model is disturbed."""
    name = f"monitor-{model}"
    runs.sweep(root, runs.left_over(root, held=name))
    run = runs.start(root, name, {})
    logs = layout.private(root) / "logs" / name
    try:
        # DVC takes paths from the present folder on
        with contextlib.chdir(run.folder), _environment(DAILIES_WORKSPACE=str(root), DAILIES_LOGS=str(logs)):
            yield run.folder
    finally:
        runs.end(run)


@contextlib.contextmanager
def _environment(**wanted: str) -> Iterator[None]:
    """Variables for the steps that this process starts, which take their code from their folder."""
    before = dict(os.environ)
    os.environ.pop("PYTHONPATH", None)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
