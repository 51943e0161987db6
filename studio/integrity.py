"""`dailies verify` and `dailies gc`: are the bytes what their hashes say, and which of them does nobody need any more?"""

import sys
from dataclasses import asdict

from project import layout
from project.errors import IntegrityError, UsageError
from registry import collect as collecting
from registry import verify as verifying
from registry.verify import Fault
from studio.answer import Answer
from studio.assets import size_of

MOST = 20


def verify(*, remote: bool, sample: str, repair: bool) -> Answer:
    """Exit code 13 while an object is not what its name says. Raises UsageError for a sample that is no share."""
    found = verifying.verify(layout.find(), remote=remote, share=share(sample), repair=repair, tick=_tick)
    left = [fault for fault in found.faults if not fault.restored]
    looked = ", ".join(f"{count:,} rehashed in the {place}" for place, count in found.checked.items())
    lines = [f"{found.needed:,} objects are needed; {looked}", *map(_line, found.faults[:MOST])]
    if len(found.faults) > MOST:
        lines.append(f"… and {len(found.faults) - MOST:,} more; all: --json")
    if not found.faults:
        lines.append("each is there, and what its name says")
    return Answer(asdict(found), "\n".join(lines), IntegrityError.exit_code if left else 0)


def _line(fault: Fault) -> str:
    needed = f"needed by {', '.join(fault.needed_by)}"
    after = "restored" if fault.restored else f"to restore it: {fault.restore}"
    return f"  {fault.place}: {fault.md5} is {fault.problem}, {needed}\n    {after}"


def share(text: str) -> float:
    """5% or 0.05. Raises UsageError."""
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise UsageError(f"--sample {text!r} is not a share; write it as 5% or 0.05, at most 100%")
    return value


def _tick(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,} objects", end="\n" if done == total else "", file=sys.stderr, flush=True)


def gc(*, dry_run: bool, remote: bool, retired: bool) -> Answer:
    """Remove from the cache, and with `remote` from there as well, what nothing needs."""
    done = collecting.collect(layout.find(), dry=dry_run, remote=remote, retired=retired)
    verb = "would be removed" if dry_run else "removed"
    lines = [
        f"{each.place}: {len(each.removed):,} of {each.objects:,} objects {verb}, {size_of(sum(each.removed.values()))}; "
        f"{each.kept:,} are needed"
        for each in done
    ]
    return Answer({"dry_run": dry_run, "places": [asdict(each) for each in done]}, "\n".join(lines))
