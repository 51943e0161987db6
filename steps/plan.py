"""Writes down, for each stage, everything that decides its result: `data/plan/<verb>/<name>.json`.

params.yaml with all defaults filled in, the state of the source, the code that the step reaches, the versions of the
libraries it uses. The other stages depend on their own file and on nothing else of these, so a changed schedule
retrains nothing, and a changed default retrains what it should. Kept in git, so a diff of two versions says why.
"""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from media import orders, permission, releases, sources, variants, withdrawal
from models import search
from models.settings import Training, resolve, shaping_data
from project import layout, params
from project.errors import RemoteUnreachable, UsageError
from project.source import Source
from recipes import Recipe, load
from registry import fetching, tags
from steps import code, known
from steps.command import run

CHAIN = ("augment", "rights", "train", "validate")


def main(root: Path) -> None:
    """Plan every source and model of `root`. Raises UsageError before anything is written."""
    read = params.read(root / "params.yaml")
    check(read)
    made: dict[Path, Any] = {}
    standing = orders.standing(orders.read(root))
    with known.catalogs(root) as catalogs:
        for name, source in read.sources.items():
            made[layout.plan(root, "ingest", name)] = ingest(root, name, source, standing, catalogs)
        for name, model in read.models.items():
            ingested = made[layout.plan(root, "ingest", model.source)]
            planned = plan_model(root, name, model, read.source(model.source), ingested, standing, catalogs)
            made |= {layout.plan(root, verb, name): planned[verb] for verb in CHAIN}
    for path, content in made.items():
        if _old(path) != content:
            layout.write_json(path, content)
    _sweep(root / "data" / "plan", set(made))


def check(read: params.Params) -> None:
    """Everything about params.yaml that needs the recipes. Raises UsageError with one line a problem."""
    problems = []
    for name, source in read.sources.items():
        where = {f"sources.{name}": source} | {
            f"sources.{name}.parts.{each}": source.part(each) for each in source.parts
        }
        for place, read_as in where.items():
            if read_as.format not in sources.formats():
                choice = params.listing(read_as.format, sources.formats())
                problems.append(
                    f"params.yaml: {place}.format {read_as.format!r} is not a file in media/sources; {choice}"
                )
    for name, model in read.models.items():
        try:
            recipe, settings = settings_of(name, model)
            variants.resolve(model.augment, recipe.augment, f"params.yaml: models.{name}.augment")
            search.space(settings, (), model.tune, f"params.yaml: models.{name}.tune")
            if model.monitor and recipe.beside_training:
                problems.append(
                    f"params.yaml: models.{name}.monitor cannot be: {model.recipe} is judged by all of its samples together"
                )
            kind, wanted = read.sources[model.source].kind, recipe.kind_for(settings)
            if kind != wanted:
                problems.append(
                    f"params.yaml: models.{name}.source {model.source!r} holds {kind}, {model.recipe} needs {wanted}"
                )
        except UsageError as problem:
            problems.append(str(problem))
    if problems:
        raise UsageError("\n".join(problems))


def settings_of(name: str, model: params.Model) -> tuple[Recipe, Training]:
    """A model's recipe, and its settings with the recipe's defaults filled in."""
    recipe = load(model.recipe)
    return recipe, resolve(recipe.settings, model.settings, f"params.yaml: models.{name}.settings")


def ingest(
    root: Path, name: str, source: Source, standing: orders.Standing, catalogs: known.Catalogs
) -> dict[str, Any]:
    """The plan of one ingest. A source that is not at hand keeps its last known state."""
    old = _old(layout.plan(root, "ingest", name)) or {}
    checks = sorted(f"media.checks.{path.stem}" for path in (root / "media" / "checks").glob("[a-z]*.py"))
    modules = ["steps.ingest", *sources.modules(source), "media.probe_worker", f"media.probes.{source.kind}", *checks]
    try:
        state = sources.open_source(
            name, source, project=root, mirror=layout.mirror(), downloads=layout.private(root) / "downloads"
        ).fingerprint()
    except (UsageError, RemoteUnreachable):
        state = old.get("state", "absent")
    planned = {
        "source": source.model_dump(mode="json"),
        "state": state,
        "released": releases.told(releases.read(root, name)),
        **_code(root, modules, learns=False),
    }
    return planned | {"withdrawn": _withdrawn(planned, old, standing.withdrawn(), catalogs.of(name))}


def _withdrawn(
    planned: dict[str, Any], old: dict[str, Any], standing: dict[str, dict[str, str]], catalog: pa.Table | None
) -> dict[str, dict[str, str]]:
    """The withdrawals that an ingest heeds.

    All of them where new assets may come; while a source is as it was, only those that it heeded before and those that
    concern an asset which it has, so that an order makes no other source stale.
    """
    if (
        catalog is None
        or "withdrawn" not in old
        or {key: value for key, value in old.items() if key != "withdrawn"} != planned
    ):
        return standing
    concerned = withdrawal.relevant(catalog, standing)
    heeded = {what: old["withdrawn"][what] | concerned[what] for what in standing}
    return {what: {each: said for each, said in standing[what].items() if each in heeded[what]} for what in standing}


def told(model: params.Model, source: Source) -> dict[str, Any]:
    """What the card of a model tells and its samples and weights do not know."""
    whence = [place for part in source.read_as().values() if (place := _origin(part))]
    rights = source.model_dump(include={"kind", "licence", "credit", "holder", "consent", "valid_until"}, mode="json")
    return {
        "about": model.about,
        "limits": list(model.limits),
        "source": {"source": model.source, **rights, "origin": list(dict.fromkeys(whence))},
        "split": model.split.model_dump(mode="json"),
        "augment": model.augment,
    }


def _origin(source: Source) -> str:
    """Where the files of a source lie, if not in a folder of this machine."""
    if source.git:
        return f"{source.git} at {source.commit}"
    made = f"generator {source.generator}, seed {source.seed}" if source.generator else ""
    return source.url or source.storage or (f"data set {source.dataset}" if source.dataset else made)


def plan_model(
    root: Path,
    name: str,
    model: params.Model,
    source: Source,
    ingested: dict[str, Any],
    standing: orders.Standing,
    catalogs: known.Catalogs,
) -> dict[str, dict[str, Any]]:
    """The plans of augment, its rights, train and validate for one model."""
    recipe, settings = settings_of(name, model)
    varied = variants.resolve(model.augment, recipe.augment, f"params.yaml: models.{name}.augment")
    shaping = shaping_data(settings)
    learning = {k: v for k, v in dataclasses.asdict(settings).items() if k not in shaping}
    named = [f"recipes.{model.recipe}"]
    parts = [*named, *recipe.parts(settings)]
    planned: dict[str, dict[str, Any]] = {
        "augment": {
            "recipe": model.recipe,
            "source": model.source,
            "settings": shaping,
            "augment": model.augment,
            "files": variants.files(varied),
            "split": model.split.model_dump(mode="json"),
            **_code(root, ["steps.augment", *named], learns=False),
        },
        "train": {
            "recipe": model.recipe,
            "settings": learning | shaping,
            **_code(root, ["steps.train", *parts], learns=True),
        },
        "validate": {
            "recipe": model.recipe,
            "card": told(model, source),
            "gate": {metric: limit.model_dump(exclude_none=True) for metric, limit in model.gate.items()},
            **_code(root, ["steps.validate", *parts], learns=True),
        },
    }
    planned["rights"] = _rights(root, name, model, recipe, ingested, standing, catalogs)
    planned["train"]["start"] = _start(root, name, settings, planned, ingested)
    return planned


def _rights(
    root: Path,
    name: str,
    model: params.Model,
    recipe: Recipe,
    ingested: dict[str, Any],
    standing: orders.Standing,
    catalogs: known.Catalogs,
) -> dict[str, Any]:
    """What the model asks of the rights of its assets, and for which day and suspensions that is judged.

    Those stay as they were planned as long as they hold back the same assets: midnight alone makes nothing stale, the
    end of a right does. New assets are judged for the day on which they are brought in.
    """
    planned = {
        "use": permission.GENERATIVE if recipe.generates else permission.TRAINING,
        **model.rights.model_dump(mode="json"),
        "suspended": sorted(standing.suspended),
        "as_of": permission.today(),
    }
    old, catalog = _old(layout.plan(root, "rights", name)), catalogs.of(model.source)
    if old is None or catalog is None or _old(layout.plan(root, "ingest", model.source)) != ingested:
        return planned
    before, now = (permission.held_back(catalog, permission.Asked.of_plan(each)) for each in (old, planned))
    return planned if permission.differ(before, now) else planned | {key: old[key] for key in ("suspended", "as_of")}


def _start(
    root: Path, name: str, settings: Training, planned: dict[str, dict[str, Any]], ingested: dict[str, Any]
) -> dict[str, str] | None:
    """The version whose weights training starts from.

    It moves to today's champion only when something else has changed as well: a promotion alone gives no reason to
    train again, or a model would retrain itself for ever.
    """
    if settings.start_from != "champion":
        return None
    before = _old(layout.plan(root, "train", name)) or {}
    unchanged = (
        {k: v for k, v in before.items() if k != "start"} == planned["train"]
        and all(_old(layout.plan(root, verb, name)) == planned[verb] for verb in ("augment", "rights"))
        and (_old(layout.plan(root, "ingest", planned["augment"]["source"])) or {}) == ingested
    )
    if unchanged:
        return before["start"]
    champion = tags.live(root, name)
    return {"version": champion.version, "weights": fetching.weights(root, champion)} if champion else None


def _code(root: Path, modules: list[str], *, learns: bool) -> dict[str, dict[str, str]]:
    return {
        "code": code.files(root, modules, learns=learns),
        "libraries": code.libraries(root, modules, learns=learns),
    }


def _old(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _sweep(folder: Path, made: set[Path]) -> None:
    """Remove plans of models and sources that params.yaml no longer has."""
    for path in folder.glob("*/*"):
        if path not in made:
            path.unlink() if path.is_file() else shutil.rmtree(path)


if __name__ == "__main__":
    run(lambda root, _: main(root), verb="plan")
