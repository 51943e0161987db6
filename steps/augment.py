"""Augment: assets → training samples. `data/shards/<model>/` holds samples in buckets, their derivation and facts.json."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

from media import permission, variants
from media.augment import Allowed, Plan, augment
from project import layout
from project.errors import UsageError
from project.params import Split
from project.progress import Progress, note
from recipes import load
from steps import previous, rights
from steps.command import read_plan, run


def main(root: Path, name: str) -> None:
    """Make the samples of model `name` as planned; shards whose assets are the same as last time are taken over."""
    planned = read_plan(root, "augment", name)
    out = layout.shards(root, name)
    gate = rights.Gate(root, name, layout.read_plan(root, "rights", name))
    with previous.result(root, "augment", name, out, same_plan=True) as earlier:
        write(planned, layout.assets(root, planned["source"]), out, f"models.{name}", gate, earlier)


def write(
    planned: dict[str, object],
    assets: Path,
    out: Path,
    where: str,
    allowed: Allowed,
    earlier: Path | None = None,
    learnt: Mapping[str, object] | None = None,
) -> None:
    """Make samples as an augment plan says, from a folder of assets without those that `allowed` holds back.

    `earlier` is a result of the same plan.
    With `learnt`, facts that an older version learnt, nothing is learnt from these assets.
    """
    recipe = load(str(planned["recipe"]))
    settings = SimpleNamespace(**planned["settings"])  # type: ignore[arg-type]
    varied = variants.resolve(planned["augment"], recipe.augment, f"{where}.augment")  # type: ignore[arg-type]
    if variants.files(varied) != planned["files"]:
        raise UsageError(f"{where}.augment names a file that has changed since the plan; run `python -m steps.plan`")
    plan = Plan(
        read=recipe.read,
        fields=recipe.fields(settings),
        settings=settings,
        variants=varied,
        split=Split.model_validate(planned["split"]),
        compose=recipe.compose,
        join=recipe.join,
        learn=recipe.learn if learnt is None else lambda samples, settings: learnt,
        encode=recipe.encode,
    )
    progress = Progress("samples", 0)

    def tick(done: int, total: int) -> None:
        progress.total = total
        progress.tick(done)

    facts = augment(assets, out, plan, tick, allowed=allowed, previous=earlier)
    if "held_back" in facts:
        note(f"held back: {permission.said(facts['held_back'])}")
    note(", ".join(f"{count} {split}" for split, count in facts["counts"].items()))


if __name__ == "__main__":
    run(main, verb="augment")
