"""`dailies predict`: ask a registered model about files."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from project import layout
from project.errors import BY_EXIT_CODE, DailiesError, QuarantineError, UsageError
from registry import fetching, promotion, tags
from studio.answer import Answer

MOST_SHOWN = 10
"""How much of a list is printed."""


def predict(reference: str, files: Sequence[Path], out: Path) -> Answer:
    """One answer a file, in order; a file that cannot be read is named and the others are answered (exit 3).

    What the model makes, pictures or sounds, is written to `out`/<name of the file>/.
    """
    root = layout.find()
    if not files:
        raise UsageError("name at least one file; write: dailies predict MODEL FILE…")
    version = tags.find(root, reference)
    promotion.verify(root, version, tags.stage_of(reference, version))
    weights = fetching.folder_of(root, version)
    places = [str(path.resolve()) for path in (out, *files)]
    command = [sys.executable, "-m", "steps.predict", str(weights), *places]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.removeprefix("dailies: ") for line in done.stderr.strip().splitlines()] or [
            "the model gave no answer"
        ]
        raise BY_EXIT_CODE.get(done.returncode, DailiesError)(said[-1])
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    bad = [answer for answer in answers if "error" in answer]
    lines = [_line(path, answer) for path, answer in zip(files, answers, strict=True)]
    data = {"model": version.tag, "answers": answers}
    return Answer(data, "\n".join([version.tag, *lines]), QuarantineError.exit_code if bad else 0)


def _line(path: Path, answer: dict[str, object]) -> str:
    if "error" in answer:
        return f"  {path}: not read: {answer['error']}"
    parts = [text for key, value in answer.items() if (text := _said(key, value))]
    made = answer.get("files")
    if isinstance(made, list):
        parts.append(f"{len(made)} files in {Path(made[0]).parent}")
    several = [line for value in answer.values() for line in _several(value)]
    return "\n".join([f"  {path}: {', '.join(parts)}".rstrip(": "), *(f"    {line}" for line in several)])


def _said(key: str, value: object) -> str:
    """One part of an answer for a person; what is long is for `--json`."""
    if key == "label":
        return str(value) or "none of those known"
    if key in ("file", "files", "scores", "embedding"):
        return ""
    if isinstance(value, list):
        if not value or isinstance(value[0], dict):
            return ""
        return f"{key} {'; '.join(str(each) for each in value[:MOST_SHOWN])}" + " …" * (len(value) > MOST_SHOWN)
    return f"{key} {value:.4f}" if isinstance(value, float) else f"{key} {value}"


def _several(value: object) -> list[str]:
    """A list of things, one a line: its texts, then its numbers by name."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return []
    lines = []
    for each in value[:MOST_SHOWN]:
        texts = [str(part) for part in each.values() if not isinstance(part, float)]
        numbers = [f"{key} {part:.4f}" for key, part in each.items() if isinstance(part, float)]
        lines.append(", ".join([" → ".join(texts), *numbers]))
    return [*lines, *(["…"] if len(value) > MOST_SHOWN else [])]
