"""For each recipe a synthetic twin of its data, small enough to train on in seconds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingesting import ingested

from media.shards import Shards
from models.fit import Job
from models.settings import resolve, shaping_data
from recipes import load
from steps import augment


def nothing(folder: Path) -> None:
    """For a source that is made, not read."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A source entry, settings under which the recipe learns it, and what writes its files into a folder `source`.

    `good` and `bad` are files for predict, by name: bytes that are answered, and bytes that are refused, with the reason.
    """

    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    write: Callable[[Path], None] = nothing
    good: tuple[str, bytes]
    bad: tuple[str, bytes, str]


TWINS: dict[str, Twin] = {
    "recommendation": Twin(
        source={"format": "synthesise", "kind": "table", "generator": "choices", "count": 160},
        settings={"width": 16, "window": 8, "epochs": 30, "batch": 16, "negatives": 32, "rate": 0.01, "seed": 1},
        good=("mine.csv", b"item,rating,time\n1-03,4,100\n1-04,5,200\nunheard-of,3,250\n1-05,4.5,300\n"),
        bad=("mine.csv", b"film,stars\n1-03,4\n", "its first line is 'film,stars'; it must be 'item,rating,time'"),
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
        net=recipe.net(settings, samples.facts),
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
