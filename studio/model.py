"""`dailies model`: registered versions. Each command's work is imported when it is called."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from studio.answer import Answer

app = App(name="model", help="Registered versions of models: what is live, what they are, which one is.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]
Stage = Annotated[Literal["prod", "staging"], Parameter(help="The stage.")]
Why = Annotated[str, Parameter(help="The reason; it is kept with the tag.")]


@app.command
def ls(
    name: str = "",
    *,
    stage: Annotated[str, Parameter(help="Only versions that are live in this stage.")] = "",
    all: Annotated[bool, Parameter(negative="", help="Also versions that were taken back.")] = False,
    json: Json = False,
) -> Answer:
    """All registered versions, or those of NAME, with their stages and the gate's verdict."""
    from studio import versions

    return versions.ls(name, stage, all)


@app.command
def show(
    name: str,
    *,
    card: Annotated[bool, Parameter(negative="", help="Its card: purpose, data, settings, metrics, limits.")] = False,
    json: Json = False,
) -> Answer:
    """One version: NAME (the live one, else the newest), NAME@VERSION, NAME@latest or NAME#STAGE."""
    from studio import versions

    return versions.card(name) if card else versions.show(name)


@app.command
def compare(first: str, second: str, *, json: Json = False) -> Answer:
    """Two versions side by side: settings, data, code, libraries, metrics, and their answers to the same test assets."""
    from studio import compare as comparing

    return comparing.compare(first, second)


@app.command
def promote(
    name: str,
    version: str,
    *,
    stage: Stage = "prod",
    override: Annotated[bool, Parameter(negative="", help="Do it although the gate says no; needs --why.")] = False,
    why: Why = "",
    json: Json = False,
) -> Answer:
    """Make a version live, if the gate lets it."""
    from studio import promote as promoting

    return promoting.promote(name, version, stage, override=override, why=why)


@app.command
def rollback(name: str, *, stage: Stage = "prod", why: Why = "", json: Json = False) -> Answer:
    """Take the live version out of its stage; the one before it is live again."""
    from studio import promote as promoting

    return promoting.rollback(name, stage, why)


@app.command
def retire(
    name: str,
    version: str,
    *,
    even_live: Annotated[bool, Parameter(negative="", help="Also a version that is live.")] = False,
    why: Why = "",
    json: Json = False,
) -> Answer:
    """Take a version back for good. Its objects and its number stay taken."""
    from studio import promote as promoting

    return promoting.retire(name, version, even_live=even_live, why=why)


@app.command
def get(
    name: str,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="A new folder.")],
    link: Annotated[
        bool, Parameter(negative="", help="Hard links to the cache instead of copies, to read only.")
    ] = False,
    json: Json = False,
) -> Answer:
    """Bring the weights of a version (NAME, NAME@VERSION, NAME#STAGE) to a folder, checked by hash."""
    from studio import get as getting

    return getting.get(name, output, link=link)


@app.command(name="export")
def export(
    name: str,
    *,
    form: Annotated[str, Parameter(name="--as", help="onnx, which needs the extra of that name.")] = "onnx",
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The file; a new one in this folder.")
    ] = None,
    json: Json = False,
) -> Answer:
    """Write a version (NAME, NAME@VERSION or NAME#STAGE) as a file for other programs, held against its own answers."""
    from studio import model_export as exporting

    return exporting.export(name, form, output)
