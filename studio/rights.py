"""`dailies rights`: subjects suspended for a while, and what rights hold back of each model. Work is imported when called."""

from typing import Annotated

from cyclopts import App, Parameter

from studio.answer import Answer

app = App(name="rights", help="Subjects that may not be used for a while, and what rights hold back.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]
Why = Annotated[str, Parameter(help="The reason, which is kept in git.")]


@app.command
def suspend(subject: str, *, why: Why = "", json: Json = False) -> Answer:
    """Hold back all assets of a subject, from the next run on, until they are resumed. It is committed to git."""
    from studio import suspending

    return suspending.suspend(subject, why)


@app.command
def resume(subject: str, *, why: Why = "", json: Json = False) -> Answer:
    """Let the assets of a suspended subject be used again."""
    from studio import suspending

    return suspending.resume(subject, why)


@app.command
def ls(*, json: Json = False) -> Answer:
    """Every order that stands, and for each model how many assets rights hold back today."""
    from studio import suspending

    return suspending.ls()
