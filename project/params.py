"""params.yaml: the one file that people edit, checked before anything runs."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from project.errors import UsageError
from project.notices import Place, Receiver
from project.schedule import Refresh, Schedule
from project.source import NAME, SOURCE_NAME, Columns, Dialect, LabelRule, Part, Source, Strict, Titles
from project.watching import Duration, Monitor, Promote

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Of 50 models the one in Python takes 0.1 s longer, at each command."""
T = TypeVar("T")
S = TypeVar("S", bound=Strict)


class Split(Strict):
    """Fractions held out, by whole groups; an official split of the source goes first."""

    validation: Annotated[float, Field(ge=0, lt=1)] = 0.1
    test: Annotated[float, Field(ge=0, lt=1)] = 0.2
    seed: int = 0


class Limit(Strict):
    """A floor or a ceiling for one metric."""

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> "Limit":
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least, at_most")
        return self


class Rights(Strict):
    """What a model asks of the rights of its assets; those that do not have it are held back."""

    consent: Literal["not_refused", "given"] = "not_refused"
    """With `given`, an asset of whose consent nothing is known is held back as well."""
    most_held_back: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The fraction of assets held back above which augment stops."""


class Range(Strict):
    """How far a setting is searched; what is not given follows from its present value."""

    low: float | None = None
    high: float | None = None


Among = list[bool | int | float | str]
"""Values of a setting to search among."""


class Model(Strict):
    """One model: a recipe, a source and what differs from the recipe's defaults."""

    recipe: Annotated[str, Field(pattern=NAME)]
    source: str
    settings: dict[str, Any] = Field(default_factory=dict)
    augment: dict[str, Any] = Field(default_factory=dict)
    split: Split = Split()
    gate: dict[str, Limit] = Field(default_factory=dict)
    worse_by: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How much lower than the live version's the mean score of a test asset may be for sure, and still pass the gate."""
    rights: Rights = Rights()
    tune: dict[str, Range | Among] = Field(default_factory=dict)
    about: str = ""
    """What it is for, in a sentence, for its card; the recipe's own first line when not given."""
    limits: tuple[str, ...] = ()
    """What its card is to say it cannot, besides what the figures show."""
    schedule: Schedule | None = None
    promote: Promote = "gate"
    approve_within: Duration = "7 d"
    """How long a version waits for a person, with `promote: ask`; then it stays registered."""
    monitor: Monitor | None = None


class Notify(Strict):
    """Who is told of what."""

    notify: tuple[Receiver, ...] = ()


class Params(Strict):
    """The whole file."""

    sources: dict[Annotated[str, Field(pattern=SOURCE_NAME)], Source] = Field(default_factory=dict)
    models: dict[Annotated[str, Field(pattern=NAME)], Model] = Field(default_factory=dict)
    refresh: Refresh | None = None
    """When everything is brought up to date that has changed."""
    notify: tuple[Receiver, ...] = ()

    def source(self, name: str) -> Source:
        return known(name, self.sources, "source")

    def model(self, name: str) -> Model:
        return known(name, self.models, "model")

    def in_order(self) -> list[str]:
        """All models, those of one source together, in the order of the sources, and each behind the one it runs after."""
        sources = list(self.sources)
        waiting = sorted(self.models, key=lambda name: sources.index(self.models[name].source))
        done: list[str] = []
        while waiting:
            name = next(each for each in waiting if self.before(each) not in waiting)
            done.append(name)
            waiting.remove(name)
        return done

    def before(self, name: str) -> str:
        """The model after which `name` runs; empty when there is none."""
        schedule = self.models[name].schedule
        return schedule.model if schedule else ""


def known(name: str, among: dict[str, T], what: str) -> T:
    """`among[name]`, or a UsageError that lists the names there are."""
    if name not in among:
        raise UsageError(f"{what} {name!r} is not in params.yaml; {listing(name, among)}")
    return among[name]


def listing(name: str, names: Iterable[str]) -> str:
    """The known names, the closest one first said: "did you mean 'faces'? known: digits, faces"."""
    names = sorted(names)
    close = difflib.get_close_matches(name, names, n=1)
    return (f"did you mean {close[0]!r}? " if close else "") + "known: " + (", ".join(names) or "none")


def read(path: Path) -> Params:
    """Read and check params.yaml. Raises UsageError: one line for each thing that is wrong."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) or {}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; write one with sources: and models:, see README.md") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from None
    return parse(raw, path.name)


def parse(raw: Any, where: str) -> Params:
    """Check the content of a params.yaml that is already read."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, where) for problem in error.errors())) from None
    for name, model in params.models.items():
        if model.source not in params.sources:
            raise UsageError(
                f"{where}: models.{name}.source {model.source!r} is not a source; {listing(model.source, params.sources)}"
            )
        if model.schedule:
            _check_chain(name, params.models, where)
    for number, receiver in enumerate(params.notify):
        for name in receiver.models:
            if name not in params.models:
                raise UsageError(
                    f"{where}: notify.{number}.models {name!r} is not a model; {listing(name, params.models)}"
                )
    return params


def _check_chain(name: str, models: Mapping[str, Model], where: str) -> None:
    """Raise UsageError when the models that `name` runs after are not there or come back to one of them."""
    chain = [name]
    while (schedule := models[chain[-1]].schedule) and (before := schedule.model):
        place = f"{where}: models.{chain[-1]}.schedule.after"
        if before not in models:
            raise UsageError(f"{place} {before!r} is neither 'new data' nor a model; {listing(before, models)}")
        chain.append(before)
        if before in chain[:-1]:
            circle = chain[chain.index(before) :]
            raise UsageError(f"{place} goes round in a circle: {' after '.join(circle)}; let one of them begin")


def receivers(text: str, where: str) -> tuple[Receiver, ...]:
    """The entry `notify:` of a params.yaml, whatever else is wrong with it. Raises UsageError."""
    try:
        raw = yaml.load(text, Loader=LOADER)
    except yaml.YAMLError as error:
        raise UsageError(f"{where} is not YAML: {' '.join(str(error).split())}") from None
    told = raw.get("notify") if isinstance(raw, dict) else None
    return checked(Notify, {"notify": told or ()}, where).notify


def checked(schema: type[S], raw: Mapping[str, Any], where: str) -> S:
    """Settings of a plug-in. Raises UsageError: one line for each thing that is wrong."""
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        raise UsageError("\n".join(_explain(problem, where, {"": schema}) for problem in error.errors())) from None


_SCHEMAS: dict[str, type[Strict]] = {
    "sources.*": Source,
    "sources.*.label": LabelRule,
    "sources.*.columns": Columns,
    "sources.*.dialect": Dialect,
    "sources.*.titles": Titles,
    "sources.*.parts.*": Part,
    "sources.*.parts.*.label": LabelRule,
    "sources.*.parts.*.columns": Columns,
    "sources.*.parts.*.dialect": Dialect,
    "sources.*.parts.*.titles": Titles,
    "models.*": Model,
    "models.*.split": Split,
    "models.*.gate.*": Limit,
    "models.*.rights": Rights,
    "models.*.tune.*.Range": Range,
    "models.*.schedule": Schedule,
    "models.*.monitor": Monitor,
    "refresh": Refresh,
    "notify.*": Receiver,
    "notify.*.to": Place,
    "": Params,
}


def _explain(problem: Any, where: str, schemas: Mapping[str, type[Strict]] = _SCHEMAS) -> str:
    """One pydantic problem as: place, value, rule, known names."""
    place = [str(part) for part in problem["loc"]]
    dotted = ".".join(place)
    if problem["type"] == "extra_forbidden":
        parent = place[:-1]
        generic = ".".join("*" if i in (1, 3) else part for i, part in enumerate(parent))
        schema = schemas.get(generic)
        hint = listing(place[-1], schema.model_fields) if schema else "it is not known here"
        return f"{where}: {dotted} is not a known key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: {dotted} is missing"
    rule = problem["msg"].removeprefix("Value error, ")
    said = f"{dotted} is {problem['input']!r}" if place else "this cannot be"
    return f"{where}: {said}: {rule[0].lower()}{rule[1:]}"
