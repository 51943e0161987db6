"""`dailies runs`: what ran, what runs, and how to stop it. Each command's work is imported when it is called."""

from typing import Annotated

from cyclopts import App, Parameter

from studio.answer import Answer

app = App(name="runs", help="Runs of models: what came of them, what they say, how far they are.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]
Which = Annotated[str, Parameter(help="A run's id, or as much of its beginning or end as no other has.")]


@app.command
def ls(
    *,
    model: Annotated[str, Parameter(help="Only runs of this model.")] = "",
    state: Annotated[
        list[str] | None, Parameter(negative="", help="Only runs in this state, as failed; may be given again.")
    ] = None,
    limit: Annotated[int, Parameter(help="How many.")] = 20,
    json: Json = False,
) -> Answer:
    """The newest runs of this workspace, and of its Prefect server where one answers."""
    from studio import run_show

    return run_show.ls(model, state or [], limit)


@app.command
def show(run: Which, *, json: Json = False) -> Answer:
    """One run: stages with their times, who or what asked for it, version, gate, who was told."""
    from studio import run_show

    return run_show.show(run)


@app.command
def logs(
    run: Which,
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="", help="Go on until the run ends.")] = False,
    json: Json = False,
) -> Answer:
    """What the stages of a run said."""
    from studio import run_logs

    return run_logs.logs(run, follow=follow, as_json=json)


@app.command
def watch(run: Which = "", *, json: Json = False) -> Answer:
    """How far a run is, or all that run now, until they end; the exit code says how."""
    from studio import run_watch

    return run_watch.watch(run, quiet=json)


@app.command
def cancel(run: Which, *, json: Json = False) -> Answer:
    """Stop a run, its stages included, or take one that has not begun out of the queue."""
    from studio import run_control

    return run_control.cancel(run)


@app.command
def retry(run: Which, *, json: Json = False) -> Answer:
    """Run the same model with the same other settings again, from the present commit."""
    from studio import run_control

    return run_control.retry(run)
