"""For each recipe a synthetic twin of its data, small enough to train on in seconds."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingesting import ingested
from workspaces import draw_shapes

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


TWINS: dict[str, Twin] = {
    "image_generation": Twin(
        source={"kind": "image"},
        settings={
            "size": 12,
            "width": 8,
            "noise": 8,
            "epochs": 2,
            "batch": 16,
            "judge_epochs": 6,
            "seed": 1,
        },
        write=lambda folder: draw_shapes(folder, 40),
        good=("wishes.txt", b"disc\nsquare\n\ndisc\n"),
        bad=(
            "wishes.txt",
            b"disc\nsqare\n",
            "line 2 asks for 'sqare', which is no class; did you mean 'square'? known: disc, square",
        ),
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
