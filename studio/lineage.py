"""`dailies lineage`: what is inside a model, and what an asset became. Each command's work is imported when it is called."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from studio.answer import Answer

app = App(name="lineage", help="From a model down to each asset, and from an asset up to each live model.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]
At = Annotated[str, Parameter(help="The registry as it stood then: 2026-11-21, or 2026-11-21T15:30+01:00.")]


@app.command
def trace(
    *assets: str,
    subject: Annotated[str, Parameter(help="All assets that show this subject.")] = "",
    licence: Annotated[str, Parameter(help="All assets under this licence.")] = "",
    source: Annotated[str, Parameter(help="All assets of this source.")] = "",
    at: At = "",
    json: Json = False,
) -> Answer:
    """Every version and stage that holds an asset: its id or how that begins, a path in a source, or a file here.

    Exit code 0: no live version holds it; 6: one does; 7: of a live version it cannot be said.
    """
    from studio import tracing

    return tracing.trace(assets, {"subject": subject, "licence": licence, "source": source}, at)


@app.command
def show(name: str, *, at: At = "", json: Json = False) -> Answer:
    """A version (NAME, NAME@VERSION or NAME#STAGE) and everything below it, down to its source."""
    from studio import tree

    return tree.show(name, at)


@app.command
def why(asset: str, *, at: At = "", json: Json = False) -> Answer:
    """Whether an asset was admitted or refused, by what, and who overrode it: its id or how that begins, a path, a file."""
    from studio import reasons

    return reasons.reasons(asset, at)


@app.command
def diff(before: str, after: str, *, at: At = "", json: Json = False) -> Answer:
    """What two versions differ in: assets, parameters, code, libraries, metrics, and which of it can explain the rest."""
    from studio import difference

    return difference.difference(before, after, at)


@app.command
def graph(
    name: str,
    *,
    format: Annotated[
        Literal["svg", "mermaid", "dot", "openlineage"], Parameter(help="A picture, or text for another program.")
    ] = "svg",
    hops: Annotated[int, Parameter(help="How far from the version.")] = 2,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Write to this file.")] = None,
    at: At = "",
    json: Json = False,
) -> Answer:
    """A version and what it is connected with: assets, samples, stages, other versions."""
    from studio import drawing

    return drawing.draw(name, format, hops, output, at)


@app.command
def withdraw(
    *assets: str,
    subject: Annotated[str, Parameter(help="All assets that show this subject, also those that come later.")] = "",
    listed: Annotated[
        Path | None, Parameter(name="--list", help="A file: an asset a line, or `subject: NAME`; # for remarks.")
    ] = None,
    why: Annotated[str, Parameter(help="The reason, which is kept in git.")] = "",
    apply: Annotated[
        bool, Parameter(negative="", help="Order it: committed to git, left out by the next runs.")
    ] = False,
    now: Annotated[
        bool, Parameter(negative="", help="Take versions that hold them back at once, also live ones.")
    ] = False,
    json: Json = False,
) -> Answer:
    """Take assets out for good: show what holds them and what must be trained again, and with --apply order it."""
    from studio import withdrawing

    return withdrawing.withdraw(assets, subject, listed, why, apply=apply, now=now)


@app.command
def prove(
    *,
    absent: Annotated[Path, Parameter(help="A list as for withdraw, or data/rights/orders.csv for all orders.")],
    json: Json = False,
) -> Answer:
    """Look for assets in catalogs, samples, versions, cache and remote.

    Exit code 0: they are nowhere; 6: something holds them; 7: something could not be asked.
    """
    from studio import withdrawing

    return withdrawing.prove(absent)
