"""params.yaml edited as a person would: one entry changes, every other line and comment stays as it is."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import Any

from project.errors import UsageError


def overridden(text: str, model: str, overrides: Mapping[str, Any]) -> str:
    """The file with `settings.epochs` → 3 and the like written into a model's entry. Raises UsageError."""
    yaml = _yaml()
    content = yaml.load(text)
    for key, value in overrides.items():
        place = content["models"][model]
        *parents, last = key.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise UsageError(f"--set {key}: {parent} is not a section of models.{model} in params.yaml")
        place[last] = value
    written = StringIO()
    yaml.dump(content, written)
    before, after = text.splitlines(keepends=True), written.getvalue().splitlines(keepends=True)
    first, end = _lines_of(text, model)
    entry = [
        re.sub(r"[ \t]+$", "", line, flags=re.MULTILINE) for line in after[slice(*_lines_of("".join(after), model))]
    ]
    return "".join([*before[:first], *entry, *before[end:]])


def _lines_of(text: str, model: str) -> tuple[int, int]:
    """Where the entry of a model begins, and where the next line of its own indentation or less does."""
    models = _yaml().load(text)["models"]
    lines = text.splitlines(keepends=True)
    first, column = models.lc.key(model)
    rest = (
        number
        for number, line in enumerate(lines[first + 1 :], first + 1)
        if line.strip() and len(line) - len(line.lstrip()) <= column
    )
    return first, next(rest, len(lines))


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    return yaml
