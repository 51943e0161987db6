"""The plan made anew in the workspace after an order, so that only what it concerns is out of date."""

import sys
from contextlib import redirect_stdout
from pathlib import Path

from project import layout
from project.errors import DailiesError
from registry import git, stage
from registry.runs import TAKEN
from studio.checking import logger


def planned(root: Path) -> str:
    """Plan anew, and commit that, so that only what holds a withdrawn asset is out of date; where nobody is at work."""
    if dirty := git.changed(root, *TAKEN, *layout.CODE):
        return f"{dirty[0]} is not committed, so the plan follows with the next run"
    try:
        with redirect_stdout(sys.stderr):
            stage.bring_up_to_date(root, "plan", logger())
    except DailiesError as error:
        return f"the order stands, but the plan could not be made ({error}); it follows with the next run"
    if changed := git.changed(root, "dvc.lock", "data/plan"):
        git.commit_only(root, changed, "Plan as ordered", {})
    return "it counts from the next run on, and no version that holds any can go live"
