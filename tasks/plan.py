"""Plan: what decides each stage's result, looked at anew when params.yaml, the code or a source has changed."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from registry import dvc
from tasks.stage import Outcome, bring_up_to_date


@task(name="plan", cache_policy=NO_CACHE, timeout_seconds=600)
def plan(stages: list[str], moved: str = "") -> Outcome:
    """Link what the last run made of `stages`, and bring `data/plan` up to date.

    `moved` says what changed outside the project, which DVC cannot see.
    """
    root = Path.cwd()
    with dvc.opened(root) as repo:
        dvc.checkout(repo, stages)
    return bring_up_to_date("plan", force=bool(moved))
