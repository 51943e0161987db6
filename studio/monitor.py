"""`dailies monitor`: live versions against those before them, on assets that neither knew."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from lineage import monitoring
from lineage.monitoring import Watched
from project import layout, params
from project.errors import DailiesError, GateRefused, UsageError
from registry import runs
from studio.answer import Answer
from studio.checking import logger
from tasks import notify


def monitor(names: Sequence[str]) -> Answer:
    """Those that are named, or every model with `monitor:`. Exit code 4 when one is rolled back, 1 when one fails."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    chosen = {
        name: read.model(name) for name in dict.fromkeys(names) or [n for n, m in read.models.items() if m.monitor]
    }
    without = [name for name, model in chosen.items() if model.monitor is None]
    if without:
        raise UsageError(
            f"models.{without[0]} of params.yaml has no rule to monitor by; write for example monitor: {{}}"
        )
    if not chosen:
        return Answer({"models": []}, "no model of params.yaml has monitor:, so there is nothing to watch")
    runs.check_committed(root)
    found = [_one(root, name, model) for name, model in chosen.items()]
    if len(found) == 1 and isinstance(found[0], DailiesError):
        raise found[0]
    code = max((_code(each) for each in found), key=lambda code: (code == 1, code))
    told = [_data(name, each) for name, each in zip(chosen, found, strict=True)]
    return Answer({"models": told}, "\n".join(_text(n, each) for n, each in zip(chosen, found, strict=True)), code)


def _one(root: Path, name: str, model: params.Model) -> Watched | DailiesError:
    """One that fails keeps no other from being watched."""
    assert model.monitor
    try:
        with redirect_stdout(sys.stderr):
            return monitoring.watch(
                root, name, model.source, model.monitor, logger(), lambda notice: notify.tell(notice, root)
            )
    except DailiesError as error:
        return error


def _code(found: Watched | DailiesError) -> int:
    if isinstance(found, DailiesError):
        return DailiesError.exit_code
    return GateRefused.exit_code if found.outcome == "rolled back" else 0


def _text(name: str, found: Watched | DailiesError) -> str:
    return f"{name}: {found}" if isinstance(found, DailiesError) else found.text


def _data(name: str, found: Watched | DailiesError) -> dict[str, Any]:
    if isinstance(found, DailiesError):
        return {"model": name, "outcome": "failed", "error": str(found), "exit_code": found.exit_code}
    return found.as_dict()
