"""`dailies data`: what a data team does with the assets of a source. Each command's work is imported when it is called."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from studio.answer import Answer

app = App(name="data", help="Assets of a source: look at them, check them, release and export them.")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object and nothing else.")]


@app.command
def ls(*, json: Json = False) -> Answer:
    """All sources: kind, format, assets, licence, the models that use them, and whether they are up to date."""
    from studio import assets

    return assets.ls()


@app.command
def show(
    source: str,
    *,
    top: Annotated[int, Parameter(help="How many labels, and how many of anything else, are listed.")] = 10,
    json: Json = False,
) -> Answer:
    """One source: counts by label, split, licence and format, sizes and durations, what the checks found."""
    from studio import assets

    return assets.show(source, top)


@app.command
def check(source: str, *, json: Json = False) -> Answer:
    """Bring the assets of a source up to date, as a run would, and print what the checks found in them."""
    from studio import checking

    return checking.check(source)


@app.command
def quarantine(
    source: str,
    *,
    release: Annotated[str, Parameter(help="Admit this asset (its id, or how that begins) against a rule.")] = "",
    why: Annotated[str, Parameter(help="The reason for a release; it is kept with the asset.")] = "",
    withdraw_release: Annotated[str, Parameter(help="Take back the release of this asset.")] = "",
    json: Json = False,
) -> Answer:
    """List what is refused and why; release what a rule got wrong, or take a release back."""
    from studio import quarantine as refused

    if release:
        return refused.release(source, release, why)
    if withdraw_release:
        return refused.withdraw(source, withdraw_release)
    return refused.listed(source)


@app.command
def sheet(
    source: str,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The file to write.")] = None,
    quarantined: Annotated[bool, Parameter(negative="", help="Show what a rule refused instead.")] = False,
    json: Json = False,
) -> Answer:
    """Draw a few assets of each label on one page."""
    from studio import sheet as drawing

    return drawing.sheet(source, output, quarantined=quarantined)


@app.command
def export(
    source: str,
    *,
    form: Annotated[str, Parameter(name="--as", help="folder, webdataset or parquet.")],
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The new folder to write.")],
    split: Annotated[str, Parameter(help="Only this official split: train, validation or test.")] = "",
    label: Annotated[str, Parameter(help="Only assets of this label.")] = "",
    json: Json = False,
) -> Answer:
    """Write the assets' own bytes to a folder, with a table of licences."""
    from studio import export as writing

    return writing.export(source, form, output, split=split, label=label)
