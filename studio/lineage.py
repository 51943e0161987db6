"""`dailies lineage`: what is inside a model, and what an asset became. Each command's work is imported when it is called."""

from typing import Annotated

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
