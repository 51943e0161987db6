"""`dailies data ls` and `dailies data show`: what sources there are, and what is in one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lineage import current
from media.sources import DOCUMENT
from project import layout, params
from project.errors import UsageError
from studio.answer import Answer, table

FINE = "ok"
"""The verdict of a check that a person need not look at."""


def ls() -> Answer:
    """Every source of params.yaml, in its order."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    looks = current.look_at_sources(root, read.sources)
    entries = {name: _entry(root, name, read, looks[name]) for name in read.sources}
    heads = ["SOURCE", "KIND", "FORMAT", "ADMITTED", "REFUSED", "SIZE", "LICENCE", "MODELS", "STATE"]
    rows = [_line(name, entry) for name, entry in entries.items()]
    text = table(heads, rows) if rows else "params.yaml names no sources yet"
    return Answer({"project": str(root), "sources": entries}, text)


def _entry(root: Path, name: str, read: params.Params, reasons: Sequence[str]) -> dict[str, Any]:
    source, counts = read.sources[name], summary(root, name)
    refused = counts["status"].get("quarantined", 0) - counts["reasons"].get(DOCUMENT, 0) if counts else None
    return {
        "kind": source.kind,
        "format": source.format,
        "admitted": counts["status"].get("admitted", 0) if counts else None,
        "refused": refused,
        "bytes": counts["bytes"] if counts else None,
        "licence": source.licence,
        "models": [model for model, entry in read.models.items() if entry.source == name],
        "ingested": bool(counts),
        "current": bool(counts) and not reasons,
        "reasons": list(reasons),
    }


def _line(name: str, entry: Mapping[str, Any]) -> list[object]:
    state = "current" if entry["current"] else "not ingested"
    if entry["ingested"] and entry["reasons"]:
        state = f"out of date: {entry['reasons'][0]}"
    counts = [f"{entry[key]:,}" if entry["ingested"] else "-" for key in ("admitted", "refused")]
    size = size_of(entry["bytes"]) if entry["ingested"] else "-"
    models = ", ".join(entry["models"]) or "-"
    return [name, entry["kind"], entry["format"], *counts, size, entry["licence"], models, state]


def summary(root: Path, name: str) -> dict[str, Any]:
    """What the last ingest said; nothing where there was none."""
    try:
        found: dict[str, Any] = json.loads((layout.assets(root, name) / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def show(source: str, top: int) -> Answer:
    """One source. Raises UsageError when it is not in params.yaml or was not ingested here."""
    from media.overview import overview

    root = layout.find()
    folder = ingested(root, source)
    entry = params.read(root / "params.yaml").source(source)
    told = overview(folder)
    checks = findings(root, source)
    data = {"source": source, "kind": entry.kind, "source_format": entry.format, **told, "checks": checks}
    lines = [f"{source}: {entry.kind}, {entry.format}, {told['status'].get('admitted', 0):,} assets admitted"]
    lines += _counts(told, top) + _sizes(told["sizes"])
    if entry.credit:
        lines.append(f"  {'credit':<12}  {entry.credit}")
    return Answer(data, "\n".join([*lines, *finding_lines(checks)]))


def _counts(told: Mapping[str, Any], top: int) -> list[str]:
    """A line for each counted column, with its most frequent values."""
    counted = {name: values for name, values in told.items() if isinstance(values, dict) and name != "sizes" and values}
    lines = []
    for name, values in counted.items():
        shown = ", ".join(f"{value} {count:,}" for value, count in list(values.items())[:top])
        more = f", and {len(values) - top} more" if len(values) > top else ""
        lines.append(f"  {name:<12}  {shown}{more}")
    for name in ("groups", "released"):
        lines += [f"  {name:<12}  {told[name]:,}"] if told[name] else []
    return lines


def _sizes(sizes: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [
        f"  {name:<12}  least {each['min']:,.6g}, median {each['median']:,.6g}, most {each['max']:,.6g}"
        + (f", in all {each['sum']:,.10g}" if "sum" in each else "")
        for name, each in sizes.items()
    ]


def ingested(root: Path, source: str) -> Path:
    """The folder of a source's assets. Raises UsageError where there is none."""
    params.read(root / "params.yaml").source(source)
    folder = layout.assets(root, source)
    if not (folder / "catalog.parquet").is_file():
        raise UsageError(f"source {source!r} has no assets here; get them: dailies data check {source}")
    return folder


def findings(root: Path, source: str) -> list[dict[str, Any]]:
    """What the checks found when the assets were ingested, and how far those had moved from the version before."""
    found: list[dict[str, Any]] = _read(layout.assets(root, source) / "checks.json", {"checks": []})["checks"]
    return found + list(_read(layout.drift(root, source), []))


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return otherwise


def finding_lines(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    """A table of findings; nothing where there are none."""
    rows = [
        [
            each["check"],
            f"{each['value']:.4g}",
            "-" if each["limit"] is None else f"{each['limit']:g}",
            each["verdict"],
            each["message"],
        ]
        for each in checks
    ]
    return table(["CHECK", "VALUE", "LIMIT", "VERDICT", "SAID"], rows).splitlines() if rows else []


def size_of(count: float) -> str:
    """Bytes in their largest unit."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
