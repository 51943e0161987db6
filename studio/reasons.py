"""`dailies lineage why`: what became of an asset when it came in."""

from dataclasses import asdict

from lineage import asked, index, standing, why
from lineage.why import Refused, Said
from project import layout
from project.errors import UsageError
from studio import waiting
from studio.answer import Answer
from studio.tracing import SHORT

MOST_VERSIONS = 3


def reasons(named: str, at: str) -> Answer:
    """Why an asset is admitted or refused. Raises UsageError where nothing is known of it."""
    root = layout.find()
    moment = standing.moment(at) if at else None
    with index.opened(root, waiting.tick) as db:
        found = asked.assets(db, named)
        if len(found) > 1:
            raise UsageError(
                f"{named!r} names {len(found)} assets ({', '.join(each[:SHORT] for each in found[:5])}); name one"
            )
        said = why.why(root, db, found[0], moment)
        refused = why.last_ingest(root, found[0]) if moment is None and not any(each.now for each in said) else []
    if not said and not refused:
        raise UsageError(f"no catalog at hand knows {found[0][:SHORT]}; ingest its source: dailies data check SOURCE")
    data = {
        "asset": found[0],
        "said": [asdict(each) for each in said],
        "last_ingest": [asdict(each) for each in refused],
    }
    lines = [line for each in said for line in _lines(each)] + [_refused(each) for each in refused]
    return Answer(data, "\n".join([found[0], *lines]))


def _lines(said: Said) -> list[str]:
    more = len(said.paths) - 1
    place = f"{said.source}/{said.paths[0]}" + f" and {more} more path{'s' * (more > 1)}" * bool(more)
    lines = [
        f"{said.status}{' by ' + said.by if said.by else ''}: {said.reason or _labelled(said)}",
        f"  at       {place}",
    ]
    if said.released:
        when = f" on {said.release.when[:10]}" if said.release else ""
        lines.append(f"  released by {said.released}{when}")
    rights = ", ".join(f"{name} {value}" for name, value in said.rights.items() if value)
    lines.append(f"  rights   {rights or 'nothing known'}")
    tags = ", ".join(said.versions[-MOST_VERSIONS:])
    older = len(said.versions) - MOST_VERSIONS
    where = ["the workspace now"] * said.now + [tags] * bool(tags) + [f"{older:,} older versions"] * (older > 0)
    return [*lines, f"  catalog of {'; '.join(where)}"]


def _labelled(said: Said) -> str:
    split = f", official split {said.split}" if said.split else ""
    return (f"labelled {', '.join(said.labels)}" if said.labels else "without a label") + split


def _refused(refused: Refused) -> str:
    return f"refused by the last ingest of {refused.source} ({refused.when}): {refused.path}: {refused.reason}"
