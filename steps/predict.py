"""Ask trained weights about files: `python -m steps.predict WEIGHTS FILE…` prints one JSON object a file."""

import json
import sys
from pathlib import Path
from typing import Any

from media import probe
from steps.train import trained


def main(folder: Path, files: list[Path]) -> None:
    """Answer in the order of `files`. A file that cannot be read is answered with `{"error": why}`."""
    recipe, settings, net, card = trained(folder)
    for path, refused in zip(files, probe.refusals(files, recipe.kind), strict=True):
        answer: dict[str, Any] = {"error": refused}
        if not refused:
            sample = recipe.read(path.read_bytes(), {}, settings)
            answer = {"file": str(path), **recipe.predict(net, sample, card["facts"])}
        print(json.dumps({"file": str(path)} | answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
