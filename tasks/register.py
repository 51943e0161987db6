"""Register: judge the candidate, commit, push, land, and write the tags last."""

from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from lineage import rights, withdrawal
from project import layout
from registry import gate, publish, scores, tags
from tasks.stage import artifact_key, bring_up_to_date, may_recover


@task(
    name="register",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=[5, 30, 120],
    retry_condition_fn=may_recover,
    timeout_seconds=6 * 3600,
)
def register(candidate: publish.Candidate) -> publish.Registration:
    """Register what the run made, and say what the gate said."""
    logger = get_run_logger()

    def replan() -> None:
        bring_up_to_date("plan", force=True)

    def evaluate(champion: tags.Version, folder: Path) -> dict[str, float]:
        return scores.measured(candidate.run.folder, champion, folder)

    def allowed() -> gate.Rule:
        run = candidate.run
        return rights.of_candidate(run.workspace, run.folder, run.model, candidate.source)

    made = publish.register(candidate, evaluate, replan, allowed)
    if made.promoted:
        for version in withdrawal.retire(candidate.run.workspace, candidate.run.model):
            logger.info("%s is taken back: it holds withdrawn assets, and %s does not", version, made.version.tag)
    for rule in made.rules:
        logger.info("%s %s: %s", "passed" if rule["passed"] else "REFUSED", rule["rule"], rule["reason"])
    if not made.new:
        logger.info("%s holds these weights already", made.version.tag)
    else:
        logger.info("%s is %s", made.version.tag, "live in prod" if made.promoted else "registered, not promoted")
    create_markdown_artifact(key=artifact_key("version", candidate.run.model), markdown=_card(made))
    return made


def _card(made: publish.Registration) -> str:
    rows = "\n".join(
        f"| {rule['rule']} | {'passed' if rule['passed'] else 'refused'} | {rule['reason']} |" for rule in made.rules
    )
    state = "live in `prod`" if made.promoted else "registered, not promoted"
    tag, report = made.version.tag, layout.reports(layout.private(Path.cwd()).parent, made.version.name) / "report.html"
    link = f"[its report]({report.as_uri()}) in the workspace, " if made.landed else ""
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in made.version.message.get("metrics", {}).items())
    return (
        f"**{tag}** is {state}: {link}`dailies model show {tag}`, commit `{made.version.commit[:12]}`.\n\n{metrics}\n\n"
        f"| rule | verdict | reason |\n| --- | --- | --- |\n{rows}\n"
    )
