"""params.yaml: the one file that people edit, checked before anything runs."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from project.errors import UsageError

NAME = r"^[a-z][a-z0-9_]*$"
SOURCE_NAME = r"^[a-z][a-z0-9_-]*$"
"""A source may be called as the folder that holds a copy of it, orl-faces; a model is called in commands and tags."""
PART_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
T = TypeVar("T")


class Strict(BaseModel):
    """An unknown key is an error, and nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelRule(Strict):
    """Where an asset's label, group and official split come from. Exactly one rule is given."""

    folder: Annotated[int, Field(ge=1)] | None = None
    """The n-th folder below the source's path is the label."""
    pattern: str | None = None
    """A regular expression over the relative path with named groups: label, and optionally group and split."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between label and text in each line (format lines)."""
    none: Literal[True] | None = None
    """Assets have no label."""

    @model_validator(mode="after")
    def _one_rule(self) -> "LabelRule":
        if sum(getattr(self, name) is not None for name in LabelRule.model_fields) != 1:
            raise ValueError("give exactly one of " + ", ".join(LabelRule.model_fields))
        if self.pattern is not None:
            try:
                groups = re.compile(self.pattern).groupindex
            except re.error as error:
                raise ValueError(f"pattern {self.pattern!r} is not a regular expression: {error}") from None
            if "label" not in groups:
                raise ValueError(f"pattern {self.pattern!r} has no group named label, write (?P<label>…)")
        return self


class Columns(Strict):
    """Which column of a table says what (format table). A row's asset is a file, or the text in one of its cells."""

    path: str | None = None
    """The file, relative to the source's folder."""
    text: str | None = None
    """The asset itself."""
    label: str | None = None
    group: str | None = None
    """What must stay on one side of a split."""
    split: str | None = None
    """The official split."""
    licence: str | None = None
    holder: str | None = None
    subject: str | None = None
    """Whom the asset shows or lets hear, for withdrawal."""
    consent: str | None = None
    """given, refused or unknown."""
    valid_until: str | None = None
    """The last day of use, as 2027-12-31."""

    @model_validator(mode="after")
    def _one_asset(self) -> "Columns":
        if (self.path is None) == (self.text is None):
            raise ValueError("give exactly one of path, text")
        return self


class Files(Strict):
    """Which files there are and how they are read: what a source says, and each of its parts may say otherwise."""

    path: str | None = None
    """A folder; relative paths start at the project. A folder of the source's name in DAILIES_MIRROR goes first."""
    url: str | None = None
    """Where the named files are fetched from when they are not at hand (https)."""
    sha256: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = {}
    """File name to the SHA-256 of its bytes, or of what a .gz file unpacks to."""
    encoding: str | None = None
    """How texts are encoded, as Python names it (utf-8, latin-1, gb18030); found out for each file when not given."""
    dataset: str | None = None
    """The name of a bundled data set (format scikit_learn)."""
    file: str | None = None
    """The one file in the source's folder that holds or lists all assets.
    For the formats archive, coco, label_studio, lines and table."""
    images: str | None = None
    """The file of all images (format idx)."""
    labels: str | None = None
    """The file of their labels (format idx)."""
    columns: Columns | None = None
    """What the columns of `file` mean (formats table and label_studio)."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"encoding {encoding!r} is not known to Python; write utf-8, latin-1, gb18030 …") from None
        return encoding

    @field_validator("url")
    @classmethod
    def _https(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith("https://"):
            raise ValueError(f"url {url!r} must start with https://")
        return url


class Part(Files):
    """One of several places or files that are read as one source. What it does not say is as the source says."""

    format: Annotated[str, Field(pattern=NAME)] | None = None
    label: LabelRule | None = None
    split: Literal["train", "validation", "test"] | None = None
    """The official split of all its assets; a part that is named like a split needs not say it."""

    @property
    def lies_apart(self) -> bool:
        """Whether it has a place of its own, rather than a file in the source's."""
        return not PLACE.isdisjoint(self.model_fields_set)


PLACE = {"path", "url"}
"""Keys that say where files lie."""


class Source(Files):
    """Where assets come from, what they are and what may be done with them. A source is never written to."""

    format: Annotated[str, Field(pattern=NAME)] = "folder"
    """The reader: a file of this name in media/sources/."""
    kind: Literal["image", "audio", "text", "video", "table", "score", "board"]
    parts: dict[Annotated[str, Field(pattern=PART_NAME)], Part] = {}
    """Several places, or several files of one, by the name of each."""
    label: LabelRule = LabelRule(folder=1)
    licence: str
    """An SPDX identifier, or UNSTATED."""
    credit: str = ""
    holder: str = ""
    consent: Literal["unknown", "given", "refused"] = "unknown"
    valid_until: str = ""
    max_quarantined: Annotated[float, Field(ge=0, le=1)] = 0.02
    """The fraction of refused files above which ingest fails."""

    def part(self, name: str) -> "Source":
        """The source that one of the parts is by itself."""
        part = self.parts[name]
        said = {key: getattr(part, key) for key in part.model_fields_set - {"split"}}
        return self.model_copy(update={"parts": {}, **said})


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


class Schedule(Strict):
    """When a model is retrained by itself. Times need a timezone, so that a change of clocks moves nothing."""

    cron: str
    timezone: str


class Model(Strict):
    """One model: a recipe, a source and what differs from the recipe's defaults."""

    recipe: Annotated[str, Field(pattern=NAME)]
    source: str
    settings: dict[str, Any] = {}
    augment: dict[str, Any] = {}
    split: Split = Split()
    gate: dict[str, Limit] = {}
    schedule: Schedule | None = None


class Params(Strict):
    """The whole file."""

    sources: dict[Annotated[str, Field(pattern=SOURCE_NAME)], Source] = {}
    models: dict[Annotated[str, Field(pattern=NAME)], Model] = {}

    def source(self, name: str) -> Source:
        return known(name, self.sources, "source")

    def model(self, name: str) -> Model:
        return known(name, self.models, "model")


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
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
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
    return params


_SCHEMAS: dict[str, type[Strict]] = {
    "sources.*": Source,
    "sources.*.label": LabelRule,
    "sources.*.columns": Columns,
    "sources.*.parts.*": Part,
    "models.*": Model,
    "models.*.split": Split,
    "models.*.gate.*": Limit,
    "models.*.schedule": Schedule,
    "": Params,
}


def _explain(problem: Any, where: str) -> str:
    """One pydantic problem as: place, value, rule, known names."""
    place = [str(part) for part in problem["loc"]]
    dotted = ".".join(place)
    if problem["type"] == "extra_forbidden":
        parent = place[:-1]
        generic = ".".join("*" if i in (1, 3) else part for i, part in enumerate(parent))
        schema = _SCHEMAS.get(generic)
        hint = listing(place[-1], schema.model_fields) if schema else "it is not known here"
        return f"{where}: {dotted} is not a known key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: {dotted} is missing"
    rule = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {dotted} is {problem['input']!r}: {rule[0].lower()}{rule[1:]}"
