"""`dailies data export`: assets out again, as the bytes that came in."""

from pathlib import Path

from media import exports
from project import layout, params
from project.errors import UsageError
from studio.answer import Answer
from studio.assets import ingested, size_of
from studio.writing import written


def export(source: str, form: str, output: Path, *, split: str, label: str) -> Answer:
    """Write the chosen assets to the folder `output`. Raises UsageError when there are none, or something lies there."""
    root = layout.find()
    entry = params.read(root / "params.yaml").source(source)
    out = output.resolve()
    exports.check(form, out)
    folder = ingested(root, source)
    rows = exports.chosen(folder, split=split, label=label)
    if not rows:
        raise UsageError(
            f"source {source!r} has no admitted asset of that split and label; see: dailies data show {source}"
        )
    with written(out):
        made = exports.export(source, entry, folder, rows, form, out)
    data = {"source": source, "form": form, "folder": str(out), **made}
    return Answer(data, f"{made['assets']:,} assets, {size_of(made['bytes'])}, in {made['files']:,} files in {out}")
