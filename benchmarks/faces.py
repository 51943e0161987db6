"""Face recognition on the ORL database in both of its protocols: people never seen, and five pictures a person enrolled.

    DAILIES_MIRROR=DIR python -m benchmarks.faces

DIR/orl-faces holds folders s1 to s39 of ten pictures. Settings are those of the model `faces` in params.yaml. Of people
never seen, which are tested is what its split says; of five and five, pictures 1 to 5 are learnt and enrolled, 6 to 10
tested, once against the mean of a person's five and once against each single one.
"""

import dataclasses
import os
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from media.splits import assign
from models import embedding, toy
from models.data import InMemory
from models.fit import Job
from models.settings import resolve
from project import params
from recipes import face_recognition
from recipes.face_recognition import Settings

ROOT, SEEDS = Path(__file__).parents[1], (7, 8, 9)
NEVER_SEEN = ("equal_error_rate", "rank_1", "roc_area")
ENROLLED = ("enrolled_rank_1", "nearest_learnt_rank_1")


def main() -> None:
    """Measure and print."""
    model = params.read(ROOT / "params.yaml").model("faces")
    settings = resolve(Settings, model.settings, "models.faces.settings")
    everyone, people, numbers = read(Path(os.environ["DAILIES_MIRROR"]) / "orl-faces", settings)
    rows = [
        {"asset_id": str(place), "group": person, "labels": [person], "split": ""}
        for place, person in enumerate(people)
    ]
    places = assign(rows, model.split)
    split = np.array([places[row["asset_id"]].split for row in rows])
    protocols: dict[str, Mapping[str, np.ndarray]] = {
        "people never seen": {name: split == name for name in ("train", "validation", "test")},
        "five and five": {"train": numbers <= 5, "validation": numbers > 10, "test": numbers > 5},
    }
    for name, masks in protocols.items():
        for seed in SEEDS:
            tell(f"{name}, seed {seed}", measured(everyone, masks, dataclasses.replace(settings, seed=seed)))


def read(folder: Path, settings: Settings) -> tuple[InMemory, np.ndarray, np.ndarray]:
    """(samples, person of each, number of each picture)."""
    files = sorted(folder.glob("s*/*.pgm"))
    images = [face_recognition.recipe.read(file.read_bytes(), {}, settings)["image"] for file in files]
    people = np.array([file.parent.name for file in files])
    labels = np.unique(people, return_inverse=True)[1].astype(np.int64)
    return InMemory({"image": np.stack(images), "label": labels}), people, np.array([int(file.stem) for file in files])


def measured(everyone: InMemory, masks: Mapping[str, np.ndarray], settings: Settings) -> dict[str, float]:
    """Metrics on the test part of a network trained on the train part, and the processor time of it all."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    parts = {name: everyone.where(mask) for name, mask in masks.items()}
    facts = toy.facts(parts["train"]) | {"classes": [str(label) for label in np.unique(everyone.column("label"))]}
    recipe: Any = face_recognition.recipe
    net = recipe.net(settings, facts)
    job = Job(net=net, settings=settings, facts=facts, train=parts["train"], validation=parts["validation"])
    recipe.fit(job)
    metrics: dict[str, float] = recipe.evaluate(net, parts["test"], facts).metrics
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    return metrics | {"nearest_learnt_rank_1": nearest_learnt(net, parts["train"], parts["test"]), "cpu_s": spent}


def nearest_learnt(net: Any, train: InMemory, test: InMemory) -> float:
    """How often the nearest single picture that was learnt shows the right person."""
    found = (embedding.embed(net, test) @ embedding.embed(net, train).T).argmax(1)
    return float((train.column("label")[found] == test.column("label")).mean())


def tell(name: str, metrics: Mapping[str, float]) -> None:
    """One line."""
    told = [f"{key} {metrics[key]:.4f}" for key in (ENROLLED if "enrolled_rank_1" in metrics else NEVER_SEEN)]
    print(f"{name}: {', '.join(told)}, {metrics['cpu_s']:.0f} s of processor time", flush=True)


if __name__ == "__main__":
    main()
