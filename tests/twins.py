"""For each recipe a synthetic twin of its data, small enough to train on in seconds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ingesting import ingested
from PIL import Image
from scipy import ndimage

from media.shards import Shards
from models.fit import Job
from models.settings import resolve, shaping_data
from recipes import load
from steps import augment
from steps.train import new_net


def nothing(folder: Path) -> None:
    """For a source that is made, not read."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A source entry, settings under which the recipe learns it, and what writes its files into a folder `source`.

    `good` and `bad` are files for predict, by name: bytes that are answered, and bytes that are refused, with the reason.
    """

    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    write: Callable[[Path], Any] = nothing
    good: tuple[str, bytes]
    bad: tuple[str, bytes, str]


def faces(folder: Path, people: int = 16, each: int = 6, side: int = 20) -> None:
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


TWINS: dict[str, Twin] = {
    "face_recognition": Twin(
        source={"kind": "image", "label": {"pattern": r"^(?P<group>(?P<label>p\d+))/"}},
        settings={"size": 20, "width": 8, "dimensions": 16, "epochs": 20, "batch": 24, "seed": 1},
        write=faces,
        good=("face.pgm", b"P5 6 6 255\n" + bytes(range(0, 252, 7))),
        bad=("face.pgm", b"P5 20 20 255\n", "damaged: image file is truncated (0 bytes not processed)"),
    ),
}


def shards(name: str, folder: Path) -> Shards:
    """The samples of a twin, made below `folder`."""
    twin = TWINS[name]
    twin.write(folder / "source")
    ingested(folder, **twin.source)
    settings = resolve(load(name).settings, twin.settings, name)
    split = {"validation": 0.2, "test": 0.2}
    planned = {"recipe": name, "settings": shaping_data(settings), "augment": {}, "split": split, "files": {}}
    augment.write(planned, folder / "assets", folder / "shards", name)
    return Shards(folder / "shards")


def job(name: str, samples: Shards, **more: Any) -> Job:
    """A training of the twin; `more` are other settings, or keys of a Job."""
    keys = {key: more.pop(key) for key in ("checkpoints", "tick", "start") if key in more}
    recipe = load(name)
    settings = resolve(recipe.settings, {**TWINS[name].settings, **more}, name)
    return Job(
        net=new_net(recipe, settings, samples.facts),
        settings=settings,
        facts=samples.facts,
        train=samples.split("train"),
        validation=samples.split("validation"),
        **keys,
    )


def card(name: str, done: Job, folder: Path) -> Path:
    """A weights folder as training leaves it."""
    from dataclasses import asdict

    from models import weights

    folder.mkdir()
    weights.save(done.net, folder / "model.safetensors")
    told = {"recipe": name, "settings": asdict(done.settings), "facts": done.facts}
    (folder / "card.json").write_text(json.dumps(told))
    return folder
