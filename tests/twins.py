"""A synthetic twin of each recipe's task: small enough to learn in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from scipy import ndimage


@dataclass(frozen=True, kw_only=True)
class Twin:
    """`write` fills a folder with files; `source` (without its path) and `model` (without its source) are entries of
    params.yaml. `reaches` says which metric comes out at least how high, `asks` of which file predict is asked, and
    `bad` is the content of one that it must refuse in one line.
    """

    write: Callable[[Path], None]
    source: Mapping[str, Any]
    model: Mapping[str, Any]
    reaches: Mapping[str, float]
    asks: str
    bad: bytes = b"no picture, sound or text"


def faces(folder: Path, people: int = 14, each: int = 6, side: int = 20) -> None:
    """Grey pictures of blurred noise: each person has a symmetric pattern, each picture of it is moved, noisy, lit anew."""
    draws = np.random.default_rng(0)
    for person in range(people):
        pattern = ndimage.gaussian_filter(draws.standard_normal((side + 8, side + 8)), 2)
        pattern += pattern[:, ::-1]
        pattern *= 60 / np.abs(pattern).max()
        (folder / f"p{person:02}").mkdir(parents=True)
        for number in range(each):
            down, right = draws.integers(3, 6, 2)
            seen = pattern[down : down + side, right : right + side] + draws.normal(0, 8, (side, side))
            pixels = np.clip(draws.uniform(110, 140) + seen, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"p{person:02}" / f"{number}.pgm")


TWINS = {
    "face_recognition": Twin(
        write=faces,
        source={"kind": "image", "label": {"pattern": r"^(?P<group>(?P<label>p\d+))/"}, "licence": "CC0-1.0"},
        model={
            "settings": {"size": 20, "width": 8, "dimensions": 16, "epochs": 20, "batch": 24, "seed": 1},
            "split": {"validation": 0.15, "test": 0.3},
        },
        reaches={"rank_1": 0.8, "roc_area": 0.85},
        asks="p00/0.pgm",
    ),
}


def toy(name: str, folder: Path) -> Path:
    """The twin of a recipe written into `folder`, beside a params.yaml of one source and one model, both called toy."""
    twin = TWINS[name]
    twin.write(folder / "toy")
    params = {
        "sources": {"toy": {**twin.source, "path": str(folder / "toy")}},
        "models": {"toy": {"recipe": name, "source": "toy", **twin.model}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    return folder
