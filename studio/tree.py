"""`dailies lineage show`: a version and everything below it."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from lineage import index, standing, tree
from project import layout
from project.errors import IntegrityError
from registry import tags
from studio import waiting
from studio.answer import CANNOT_SAY, Answer

MARKS = {True: "agrees ", False: "DIFFERS", None: "unknown"}
SHORT = 12
WIDTH, NARROWEST = 120, 40
"""Letters of a line, and the fewest that are left for a text."""
PLACE = ("format", "dataset", "generator", "path", "git", "commit", "url", "storage", "licence", "credit")
"""What is said of a source; `--json` tells all of its entry in params.yaml."""
Branch = tuple[str, str, Sequence["Branch"]]
"""A name, what is said of it, and what is below it."""


def show(reference: str, at: str) -> Answer:
    """The whole tree of a version. Exit 13 when tag, lock, run and bytes do not agree."""
    root = layout.find()
    with index.opened(root, waiting.tick) as db:
        moment = standing.moment(at) if at else None
        version = tags.find_in(standing.lines(db, None, moment), reference)
        found = tree.of(root, db, version)
    lines = _drawn(_branches(found))
    stages = f", live in {', '.join(found['stages'])}" if found["stages"] else ""
    return Answer(found, "\n".join([f"{found['version']}{stages}", *lines]), _exit_code(found))


def _exit_code(found: Mapping[str, Any]) -> int:
    if any(check["holds"] is False for check in found["agreement"]):
        return IntegrityError.exit_code
    return CANNOT_SAY if "missing" in found["samples"] or "missing" in found["assets"] else 0


def _branches(found: Mapping[str, Any]) -> list[Branch]:
    run, code, weights = found["run"], found["code"], found["weights"]
    said = f"{run.get('run', 'not recorded')} by {run.get('who', 'somebody')}, asked for by {run.get('trigger', 'somebody')}"
    return [
        ("run", f"{said}, {run.get('finished', found['made'])}", []),
        ("code", f"commit {found['commit'][:SHORT]}, {code['files']} files", []),
        ("measured", _listed({name: f"{value:.4f}" for name, value in found["metrics"].items()}, " "), []),
        ("parameters", _listed(_own(found["parameters"]), " "), []),
        ("weights", f"{weights['md5']}{_began(weights['began_with'])}", [_samples(found)]),
        (
            "agreement",
            "",
            [(check["what"], f"{MARKS[check['holds']]} {check['said']}", []) for check in found["agreement"]],
        ),
    ]


def _own(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Without the section that each stands in, and without those of the source, which has a branch of its own."""
    return {
        name.removeprefix("settings."): value for name, value in parameters.items() if not name.startswith("source.")
    }


def _began(start: Mapping[str, Any] | None) -> str:
    return f", begun with those of {', '.join(start['versions']) or start['md5']}" if start else ""


def _samples(found: Mapping[str, Any]) -> Branch:
    samples = found["samples"]
    said = samples.get("missing") or _listed(samples["samples"], " ") + _varied(samples)
    return "samples", f"{samples['md5']}: {said}", [_assets(found)]


def _varied(samples: Mapping[str, Any]) -> str:
    if not samples["copies"]:
        return ""
    return f"; of each in train {samples['copies']} varied: {_listed(samples['transform'], ' ')}"


def _assets(found: Mapping[str, Any]) -> Branch:
    assets = found["assets"]
    if "missing" in assets:
        return "assets", f"{assets['md5']}: {assets['missing']}", [_source(found["source"])]
    below: list[Branch] = [("licences", _listed(assets["licences"], " "), [])]
    if assets["subjects"]:
        below.append(("subjects", f"{assets['subjects']:,}", []))
    return "assets", f"{assets['md5']}: {_listed(assets['status'], ' ')}", [*below, _source(found["source"])]


def _source(source: Mapping[str, Any]) -> Branch:
    kept = {name: source[name] for name in PLACE if name in source}
    return "source", f"{source['name']}: {_listed(kept, ' ')}", []


def _listed(content: Mapping[str, Any], between: str) -> str:
    return ", ".join(f"{name}{between}{_value(value)}" for name, value in content.items()) or "nothing recorded"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _drawn(branches: Sequence[Branch], before: str = "") -> list[str]:
    """Lines with the branches of a tree before them."""
    lines = []
    width = max((len(name) for name, _, _ in branches), default=0)
    for number, (name, said, below) in enumerate(branches):
        last = number == len(branches) - 1
        start = f"{before}{'└─ ' if last else '├─ '}{name.ljust(width)}  "
        under = f"{before}{'   ' if last else '│  '}{'│  ' if below else '   '}".ljust(len(start))
        wrapped = textwrap.wrap(
            said, max(WIDTH - len(start), NARROWEST), break_long_words=False, break_on_hyphens=False
        )
        lines += [f"{start if not number else under}{line}".rstrip() for number, line in enumerate(wrapped or [""])]
        lines += _drawn(below, before + ("   " if last else "│  "))
    return lines
