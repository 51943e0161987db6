"""What a command answers: data for a script, text for a person, an exit code for both."""

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from project.errors import DailiesError
from project.secrets import redact

LEAST_ROOM = 16
"""Characters to which a last column may be folded."""
HELD, CANNOT_SAY = 6, 7
"""Exit codes of questions that are answered: a live version holds it; of a live version it cannot be said."""


@dataclass(frozen=True, slots=True)
class Answer:
    data: dict[str, Any]
    text: str
    exit_code: int = 0


def say(answer: Answer, as_json: bool) -> NoReturn:
    """Print the answer and leave."""
    print(redact(json.dumps(answer.data, indent=1, ensure_ascii=False) if as_json else answer.text))
    sys.exit(answer.exit_code)


def fail(error: DailiesError, as_json: bool) -> NoReturn:
    """Print an error in one line for each thing that is wrong, and leave with its code."""
    if as_json:
        print(json.dumps({"error": str(error), "exit_code": error.exit_code}, ensure_ascii=False))
    else:
        print("\n".join(f"dailies: {line}" for line in str(error).splitlines()), file=sys.stderr)
    sys.exit(error.exit_code)


def told(moment: str) -> str:
    """A moment of ISO 8601, to the minute."""
    return moment[:16].replace("T", " ") + (" UTC" if moment.endswith(("+00:00", "Z")) else "")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, folded: bool = False) -> str:
    """Columns as wide as they need to be, two spaces apart; when `folded`, the last one is wrapped to fit the terminal."""
    cells = [[str(head) for head in heads], *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    before = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = _columns() - before if folded else 0
    if room >= LEAST_ROOM and widths[-1] > room:
        lines = [textwrap.wrap(row[-1], room, break_long_words=False) or [""] for row in cells]
        cells = [
            [*(row[:-1] if not number else [""] * (len(row) - 1)), line]
            for row, wrapped in zip(cells, lines, strict=True)
            for number, line in enumerate(wrapped)
        ]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _columns() -> int:
    """The width of the terminal; as wide as can be where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10**6
