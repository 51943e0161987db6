"""Ask trained weights about files: `python -m steps.predict WEIGHTS FILE…` prints one JSON object a file, in order."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import probe
from media.units import Unit
from project.errors import DailiesError
from recipes import Recipe
from steps.train import trained


def main(folder: Path, files: list[Path]) -> None:
    """Answer each file. One that cannot be read is answered with `{"error": why}`: a stranger's file is decoded in a
    limited process first."""
    recipe, settings, net, card = trained(folder)
    contents = {path: _content(path) for path in files}
    readable = ((str(path), data) for path, data in contents.items() if isinstance(data, bytes))
    with probe.pool(recipe.kind_for(settings)) as pool:
        probed = dict(pool.probe(readable))
    for path in files:
        data = contents[path]
        answer: dict[str, Any] = {"file": str(path)}
        if isinstance(data, str):
            answer["error"] = data
        elif "reason" in probed[str(path)]:
            answer["error"] = probed[str(path)]["reason"]
        else:
            answer |= _answer(recipe, settings, net, card["facts"], path, data, probed[str(path)])
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def _answer(
    recipe: Recipe, settings: Any, net: Any, facts: Mapping[str, Any], path: Path, data: bytes, row: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the model says of one file, or why it cannot: one of the right kind may still not fit this model."""
    try:
        return recipe.predict(net, _sample(recipe, path, data, row, settings, facts), facts)
    except (ValueError, DailiesError) as error:
        return {"error": str(error)}


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
