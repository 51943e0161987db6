"""`dailies lineage graph`: a version and its neighbours as a picture, or for other programs."""

import json
from pathlib import Path
from typing import Literal

from lineage import drawn, graph, index, openlineage, standing, svg, tree
from project import layout
from project.errors import UsageError
from registry import tags
from studio import waiting
from studio.answer import Answer

Format = Literal["svg", "mermaid", "dot", "openlineage"]


def draw(reference: str, form: Format, hops: int, out: Path | None, at: str) -> Answer:
    """Print the picture, or write it to `out`. Raises UsageError."""
    if not 1 <= hops <= 10:
        raise UsageError(f"--hops {hops} is not from 1 to 10")
    root = layout.find()
    with index.opened(root, waiting.tick) as db:
        lines = standing.lines(db, None, standing.moment(at) if at else None)
        version = tags.find_in(lines, reference)
        found = graph.around(db, tags.standing(lines), version, hops)
        events = openlineage.events(tree.of(root, db, version)) if form == "openlineage" else []
    texts = {
        "svg": lambda: svg.svg(found, f"Lineage of {version.tag}"),
        "mermaid": lambda: drawn.mermaid(found),
        "dot": lambda: drawn.dot(found),
        "openlineage": lambda: json.dumps(events, indent=1),
    }
    text = texts[form]()
    data = {"version": version.tag, **found.as_dict(), **({"events": events} if events else {})}
    if out is None:
        return Answer(data, text)
    layout.write_bytes(out, f"{text}\n".encode())
    return Answer({**data, "file": str(out)}, f"{out}: {len(found.nodes)} nodes, {len(found.edges)} edges")
