"""Plan: what decides each stage's result, looked at anew when params.yaml, the code or a source has changed."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.stage import Outcome, bring_up_to_date


@task(name="plan", cache_policy=NO_CACHE, timeout_seconds=600)
def plan(moved: str = "") -> Outcome:
    """Bring `data/plan` up to date. `moved` says what changed outside the project, which DVC cannot see."""
    return bring_up_to_date("plan", force=bool(moved))
