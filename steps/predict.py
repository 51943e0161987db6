"""Ask trained weights about files: `python -m steps.predict WEIGHTS FILE…` prints one JSON object a file, in order."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import probe
from media.units import Unit
from project.errors import UsageError
from recipes import Recipe
from steps.train import trained


def main(folder: Path, files: list[Path]) -> None:
    """Answer each file. One that cannot be read is answered with `{"error": why}`: a stranger's file is decoded in a
    limited process first."""
    recipe, settings, net, card = trained(folder)
    contents = {path: _content(path) for path in files}
    readable = ((str(path), data) for path, data in contents.items() if isinstance(data, bytes))
    with probe.pool(recipe.kind) as pool:
        probed = dict(pool.probe(readable))
    for path in files:
        data = contents[path]
        answer: dict[str, Any] = {"file": str(path)}
        if isinstance(data, str):
            answer["error"] = data
        elif "reason" in probed[str(path)]:
            answer["error"] = probed[str(path)]["reason"]
        else:
            try:
                sample = _sample(recipe, path, data, probed[str(path)], settings, card["facts"])
                answer |= recipe.predict(net, sample, card["facts"])
            except UsageError as problem:
                answer["error"] = str(problem)
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def _sample(
    recipe: Recipe, path: Path, data: bytes, row: Mapping[str, Any], settings: Any, facts: Mapping[str, Any]
) -> Mapping[str, Any]:
    if recipe.question:
        return recipe.question(data, row, settings)
    sample = recipe.join([recipe.read(data, row, settings)], Unit((str(path),), "test"), settings)
    return recipe.encode(sample, settings, facts["learnt"])


def _content(path: Path) -> bytes | str:
    """The bytes, or why there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        return str(error.strerror)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
