"""The `dailies` command. Each command's work is imported when it is called, so that `--help` answers at once."""

import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from project.errors import DailiesError, Interrupted, UsageError, full
from studio import data, lineage, model, rights, runs
from studio.answer import Answer, fail, say

app = App(
    name="dailies",
    help="Retrain, version and explain media models. Exit codes: docs/cli.md.",
    version="0.1.0",
    exit_on_error=False,
    print_error=False,
)
params_app = App(name="params", help="params.yaml, the file that people edit.")
app.command(model.app)
app.command(params_app)
app.command(data.app)
app.command(lineage.app)
app.command(rights.app)
app.command(runs.app)

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]


@app.command
def init(folder: Path, *, json: Json = False) -> Answer:
    """Make a workspace: a clone of this repository with a DVC cache, a remote folder and a git identity of its own."""
    from studio import workspace

    return workspace.init(folder)


@app.command
def demo(folder: Path = Path("demo"), *, json: Json = False) -> Answer:
    """Make a workspace (once), retrain the model `digits` there, and say what to try next."""
    from studio import workspace

    return workspace.demo(folder)


@app.command
def run(
    *models: str,
    every: Annotated[
        bool, Parameter(name="--all", negative="", help="All models, in the order of their sources.")
    ] = False,
    changed: Annotated[bool, Parameter(negative="", help="Those models that are not current.")] = False,
    set: Annotated[
        list[str] | None, Parameter(negative="", help="Override, as settings.epochs=3; kept with the version.")
    ] = None,
    promote: Annotated[
        bool, Parameter(negative="--no-promote", help="Make the version live when the gate lets it.")
    ] = True,
    trigger: Annotated[str, Parameter(help="Who or what asked for this run.")] = "hand",
    json: Json = False,
) -> Answer:
    """Bring models up to date: ingest, augment, train, validate, register. Does nothing for a model that is current."""
    from studio import run as running

    return running.run(models, set or [], every=every, changed=changed, promote=promote, trigger=trigger)


@app.command
def status(*, json: Json = False) -> Answer:
    """Each model: live version, score, age, and whether it still follows from its source, code and settings."""
    from studio import status as overview

    return overview.status()


@app.command
def approve(
    version: Annotated[str, Parameter(help="NAME@VERSION, or the id of the run that made it.")],
    /,
    *,
    refuse: Annotated[bool, Parameter(negative="", help="Say no instead.")] = False,
    why: Annotated[str, Parameter(help="The reason; it is kept with the version.")] = "",
    json: Json = False,
) -> Answer:
    """Let a version go live that waits for a person, as its model says promote: ask. Gate and rights are judged anew."""
    from studio import approve as approving

    return approving.approve(version, refuse=refuse, why=why)


@app.command
def approvals(
    *,
    all: Annotated[bool, Parameter(negative="", help="Also those that were answered, or not in time.")] = False,
    json: Json = False,
) -> Answer:
    """Which versions wait for a person."""
    from studio import approve as approving

    return approving.approvals(everything=all)


@app.command
def monitor(
    *models: str,
    json: Json = False,
) -> Answer:
    """Compare live versions with those before them on assets that neither knew; roll back by rule what is worse."""
    from studio import monitor as watching

    return watching.monitor(models)


@app.command
def predict(
    model: str,
    *files: Path,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="The folder for pictures and sounds that the model makes.")
    ] = Path("predictions"),
    json: Json = False,
) -> Answer:
    """Ask a model (NAME, NAME@VERSION or NAME#STAGE) about files."""
    from studio import predict as asking

    return asking.predict(model, files, output)


@app.command
def tune(
    model: str,
    *,
    trials: Annotated[int, Parameter(help="How many, those of earlier calls included.")] = 20,
    minutes: Annotated[float, Parameter(help="The most that this call may take; 0 is no limit.")] = 0,
    apply: Annotated[bool, Parameter(negative="", help="Write the best settings to params.yaml.")] = False,
    json: Json = False,
) -> Answer:
    """Look for settings that do better on the validation split, and show them as a change of params.yaml."""
    from studio import tune as tuning

    return tuning.tune(model, trials=trials, minutes=minutes, apply=apply)


@app.command
def doctor(
    *,
    fix: Annotated[bool, Parameter(negative="", help="Remove what killed runs left, and set what is missing.")] = False,
    json: Json = False,
) -> Answer:
    """Check the workspace, and say for each problem what to do."""
    from studio import doctor as checks

    return checks.doctor(fix=fix)


@app.command
def verify(
    *,
    remote: Annotated[bool, Parameter(negative="", help="Check the DVC remote as well, object by object.")] = False,
    sample: Annotated[str, Parameter(help="Rehash only this share, drawn at random, as 5%.")] = "100%",
    repair: Annotated[
        bool, Parameter(negative="", help="Replace what is bad by the good copy of the other place.")
    ] = False,
    json: Json = False,
) -> Answer:
    """Rehash every object that a version, the workspace or a run needs; exit code 13 when one is missing or damaged."""
    from studio import integrity

    return integrity.verify(remote=remote, sample=sample, repair=repair)


@app.command
def gc(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say what would be removed.")] = False,
    remote: Annotated[bool, Parameter(negative="", help="Clean the DVC remote as well.")] = False,
    retired: Annotated[
        bool, Parameter(negative="", help="Keep nothing for versions that were taken back, nor for other tags.")
    ] = False,
    json: Json = False,
) -> Answer:
    """Remove from the cache what no tag, branch, workspace or unfinished run needs."""
    from studio import integrity

    return integrity.gc(dry_run=dry_run, remote=remote, retired=retired)


@app.command
def deploy(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Only say what would change.")] = False,
    file: Annotated[
        Path | None, Parameter(help="Write them to this file instead, as a prefect.yaml for Prefect's own command.")
    ] = None,
    json: Json = False,
) -> Answer:
    """Bring the schedules of params.yaml to the Prefect server, and say what changes."""
    from studio import deploy as deploying

    return deploying.write(file) if file else deploying.deploy(dry_run=dry_run)


@app.command
def up(
    *,
    detach: Annotated[bool, Parameter(name=["--detach", "-d"], negative="", help="In the background.")] = False,
    status: Annotated[bool, Parameter(negative="", help="Only say whether it is up, and how it is.")] = False,
    host: Annotated[
        str, Parameter(help="Where to listen; all else than loopback can be reached by others.")
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Of Prefect's page and API; 0 takes a free one.")] = 4200,
    limit: Annotated[int, Parameter(help="How many runs at a time; 0 leaves them to workers elsewhere.")] = 1,
    json: Json = False,
) -> Answer:
    """Start a Prefect server, the schedules and a worker, and keep them running until `dailies down`."""
    from studio import up as running

    return running.status() if status else running.up(detach=detach, host=host, port=port, limit=limit)


@app.command
def down(*, json: Json = False) -> Answer:
    """Stop what `dailies up` started. Runs that are under way are put off and go on with the next `dailies up`."""
    from studio import up as running

    return running.down()


@app.command
def worker(
    *,
    limit: Annotated[int, Parameter(help="How many runs at a time.")] = 1,
    json: Json = False,
) -> Answer:
    """Take runs of the Prefect server at PREFECT_API_URL, in this workspace, until told to end."""
    from studio import worker as working

    return working.worker(limit=limit)


@params_app.command(name="check")
def params_check(*, json: Json = False) -> Answer:
    """Read params.yaml as a run would."""
    from studio import params

    return params.check()


def main() -> None:
    """Run the command line and leave with its exit code. To be told to terminate is to be interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_json = "--json" in sys.argv[1:]
    try:
        answer = app(sys.argv[1:], result_action="return_value")
        if isinstance(answer, Answer):
            say(answer, as_json)
    except CycloptsError as error:
        fail(UsageError(f"{' '.join(str(error).split())}; see: dailies --help"), as_json)
    except DailiesError as error:
        fail(error, as_json)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        no_space = full(error)
        if no_space is None:
            raise
        fail(no_space, as_json)
    except KeyboardInterrupt:
        fail(Interrupted("interrupted; nothing was changed on the main branch"), as_json)


if __name__ == "__main__":
    main()
