"""Ask trained weights about files: `python -m steps.predict WEIGHTS OUT FILE…` prints one JSON object a file, in order.

What the model makes, pictures or sounds, is written to OUT/<name of the file>/.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from media import probe
from media.units import Unit
from project import layout
from project.errors import DailiesError
from recipes import Recipe
from steps.train import trained


def main(folder: Path, files: list[Path], out: Path = Path()) -> None:
    """Answer each file. One that cannot be read is answered with `{"error": why}`: a stranger's file is decoded in a
    limited process first."""
    recipe, settings, net, card = trained(folder)
    contents = {path: _content(path) for path in files}
    readable = ((str(path), data) for path, data in contents.items() if isinstance(data, bytes))
    with probe.pool(recipe.asked_in or recipe.kind_for(settings)) as pool:
        probed = dict(pool.probe(readable))
    names = [path.name for path in files]
    for number, path in enumerate(files):
        data = contents[path]
        answer: dict[str, Any] = {"file": str(path)}
        if isinstance(data, str):
            answer["error"] = data
        elif "reason" in probed[str(path)]:
            answer["error"] = probed[str(path)]["reason"]
        else:
            place = out / (path.name if names.count(path.name) == 1 else f"{number + 1}-{path.name}")
            answer |= _answer(recipe, settings, net, card["facts"], path, data, probed[str(path)], place)
        print(json.dumps(answer, ensure_ascii=False), flush=True)


def _answer(
    recipe: Recipe,
    settings: Any,
    net: Any,
    facts: Mapping[str, Any],
    path: Path,
    data: bytes,
    row: Mapping[str, Any],
    place: Path,
) -> Mapping[str, Any]:
    """What the model says of one file, or why it cannot: one of the right kind may still not fit this model."""
    try:
        sample = _sample(recipe, path, data, row, settings, facts)
        return _with_files(recipe.predict(net, sample, facts), place)
    except (ValueError, DailiesError) as error:
        return {"error": str(error)}


def _sample(
    recipe: Recipe, path: Path, data: bytes, row: Mapping[str, Any], settings: Any, facts: Mapping[str, Any]
) -> Mapping[str, Any]:
    if recipe.question:
        return recipe.question(data, row, settings)
    sample = recipe.join([recipe.read(data, row, settings)], Unit((str(path),), "test"), settings)
    return recipe.encode(sample, settings, facts["learnt"])


def _with_files(answer: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """The answer with its `files`, name → bytes, written to the folder `place` and their paths instead."""
    made = answer.get("files")
    if made is None:
        return dict(answer)
    for name, content in made.items():
        layout.write_bytes(place / name, content)
    return {**answer, "files": [str(place / name) for name in made]}


def _content(path: Path) -> bytes | str:
    """The bytes, or why there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        return str(error.strerror)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[3:]], Path(sys.argv[2]))
