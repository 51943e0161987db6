"""Train: shards → weights. `data/weights/<model>/` holds model.safetensors, card.json and history.json.

A killed training is taken up where its last checkpoint left it and ends with the same weights, bit for bit, on the
same machine. Checkpoints lie outside DVC, under the hash of everything that decides the result.
"""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from media import folders
from media.shards import Shards
from models import fit, folds, weights
from models.settings import resolve
from project import layout
from project.progress import Progress, note
from recipes import Recipe, load
from registry import dvc
from steps.command import read_plan, run


def main(root: Path, name: str) -> None:
    """Train the model `name` as planned and write its weights."""
    plan = read_plan(root, "train", name)
    recipe = load(plan["recipe"])
    settings = resolve(recipe.settings, plan["settings"], f"models.{name}.settings")
    shards = Shards(layout.shards(root, name))
    checkpoints = layout.private(root) / "checkpoints" / fingerprint(root, name)
    progress = Progress("minutes", settings.minutes) if settings.minutes else Progress("epochs", settings.epochs)
    start = start_weights(root, plan["start"])
    job = new_job(recipe, settings, shards, checkpoints / "whole", progress.tick, start)
    validated = cross_validate(recipe, dataclasses.replace(job, checkpoints=checkpoints / "folds", tick=_silent))
    fitted = recipe.fit(job)
    card = {
        "recipe": plan["recipe"],
        "settings": plan["settings"],
        "start": plan["start"],
        "facts": shards.facts,
        "parameters": weights.count(job.net),
        "best_epoch": fitted.best_epoch,
        "stopped_early": fitted.stopped_early,
        "cross_validation": validated,
    }
    with folders.replacing(layout.weights(root, name)) as out:
        weights.save(job.net, out / "model.safetensors")
        layout.write_json(out / "card.json", card)
        layout.write_json(out / "history.json", fitted.history)
    shutil.rmtree(checkpoints, ignore_errors=True)


def new_job(recipe: Recipe, settings: Any, shards: Shards, checkpoints: Path, tick: Any, start: Any) -> fit.Job:
    """A training of the samples in `shards` that has not begun."""
    return fit.Job(
        net=new_net(recipe, settings, shards.facts),
        settings=settings,
        facts=shards.facts,
        train=shards.split("train"),
        validation=shards.split("validation"),
        checkpoints=checkpoints,
        tick=tick,
        start=start,
    )


def new_net(recipe: Recipe, settings: Any, facts: dict[str, Any]) -> Any:
    """The recipe's network with random weights that depend on the seed alone."""
    import torch

    torch.manual_seed(settings.seed)
    return recipe.net(settings, facts)


def cross_validate(recipe: Recipe, job: fit.Job) -> dict[str, dict[str, float]]:
    """Mean and spread of the metrics over `settings.folds` trainings; {} when it is off."""
    if not job.settings.folds:
        return {}
    note(f"cross-validation: {job.settings.folds} trainings before the one on all training samples")
    return folds.cross_validate(
        job,
        net=lambda settings, facts: new_net(recipe, settings, dict(facts)),
        fit=recipe.fit,
        evaluate=recipe.measure,
    )


def start_weights(root: Path, start: dict[str, str] | None) -> Any:
    """The state dict that a warm start begins with, out of the DVC cache."""
    if start is None:
        return None
    note(f"starts from {start['version']}")
    folder = layout.private(root) / "models" / start["weights"]
    return weights.read(dvc.materialise(root, start["weights"], folder) / "model.safetensors")


def fingerprint(root: Path, name: str) -> str:
    """The hash of everything that decides the weights: both plans, and which samples there are."""
    shards = layout.shards(root, name)
    parts = [layout.plan(root, "augment", name), layout.plan(root, "train", name)]
    parts += [shards / "derivation.parquet", shards / "facts.json"]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.read_bytes()).digest())
    return f"{name}-{digest.hexdigest()[:16]}"


def _silent(done: float, **values: float) -> None:
    """Folds report nothing: the bar is that of the training on all samples."""


def read_card(folder: Path) -> dict[str, Any]:
    """What a weights folder tells of itself."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card


def trained(folder: Path) -> tuple[Recipe, Any, Any, dict[str, Any]]:
    """(recipe, settings, network with its weights, card) of a weights folder."""
    card = read_card(folder)
    recipe = load(card["recipe"])
    settings = resolve(recipe.settings, card["settings"], "card.settings")
    net = recipe.net(settings, card["facts"])
    weights.load(net, folder / "model.safetensors")
    return recipe, settings, net, card


if __name__ == "__main__":
    run(main, verb="train")
