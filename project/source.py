"""What params.yaml may say of a source: where its files lie, how they are read, and what may be done with them."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

NAME = r"^[a-z][a-z0-9_]*$"
SOURCE_NAME = r"^[a-z][a-z0-9_-]*$"
"""A source may be called as the folder that holds a copy of it, orl-faces; a model is called in commands and tags."""
PART_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
ADDRESSES = {
    "url": (r"https://[^/@\s]+(/\S*)?$", "https://example.org/set"),
    "git": (
        r"((https|ssh|file)://[^-\s]|/|\w[\w.-]*@\w[\w.-]*:)\S*$",
        "https://example.org/set.git, or start with ssh://",
    ),
    "storage": (r"[a-z0-9]+://[^/\s]+", "s3://bucket/prefix"),
}
"""What an address looks like, and an example. None can be taken for an option by a program that it is given to."""


class Strict(BaseModel):
    """An unknown key is an error, and nothing is changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


BESIDE = {"group", "split", "train", "validation", "test"}
"""The named groups of a pattern that stands beside another rule for the label."""


class LabelRule(Strict):
    """Where an asset's label, group and official split come from. One rule says the label.

    Beside `constant`, `sidecar` or `none` a pattern may read group and split alone.
    """

    folder: Annotated[int, Field(ge=1)] | None = None
    """The n-th folder below the source's path is the label."""
    pattern: str | None = None
    """A regular expression over the relative path with named groups: label, and optionally group and split.
    A group named train, validation or test says the split by matching: `_((?P<test>[0-4])|[0-9]+)`."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between label and text in each line (format lines)."""
    constant: Annotated[str, Field(min_length=1)] | None = None
    """The label of every asset (formats that read paths, and table)."""
    sidecar: Annotated[str, Field(pattern=r"^[.\w-]+$")] | None = None
    """How the file beside each asset ends whose text is the label: a transcript (formats folder and archive)."""
    none: Literal[True] | None = None
    """Assets have no label."""

    @model_validator(mode="after")
    def _one_rule(self) -> "LabelRule":
        given = {name for name in LabelRule.model_fields if getattr(self, name) is not None}
        beside = "pattern" in given and given & {"constant", "sidecar", "none"}
        if len(given) != (2 if beside else 1):
            raise ValueError("give exactly one of " + ", ".join(LabelRule.model_fields))
        if self.pattern is not None:
            _check_pattern(self.pattern, BESIDE if beside else {"label"})
        return self


def _check_pattern(pattern: str, wanted: set[str]) -> None:
    """Raise ValueError unless it is a regular expression with one of the wanted named groups."""
    try:
        groups = set(re.compile(pattern).groupindex)
    except re.error as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression: {error}") from None
    if not groups & wanted:
        named = " or ".join(sorted(wanted))
        raise ValueError(f"pattern {pattern!r} has no group named {named}, write (?P<{min(wanted)}>…)")
    if "label" in groups - wanted:
        raise ValueError(f"pattern {pattern!r} has a group named label, but another rule says the label; leave it out")


class Columns(Strict):
    """Which column of a table says what. A row's asset is a file, or the text in one of its cells (format table).

    With `user`, all rows of a person are one asset (format ratings).
    """

    path: str | None = None
    """The file, relative to the source's folder; or how its path is made from cells, as wav/{id}.wav."""
    text: str | None = None
    """The asset itself; or how it is made from cells, as {title}: {plot}."""
    user: str | None = None
    """Whose interaction it is (format ratings)."""
    item: str | None = None
    """What was rated, or bought, or heard (format ratings)."""
    rating: str | None = None
    """A number (format ratings)."""
    time: str | None = None
    """A number of seconds, since 1970 as a rule (format ratings)."""
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
        given = {name for name in Columns.model_fields if getattr(self, name) is not None}
        if len(given & {"path", "text", "user"}) != 1:
            raise ValueError("give exactly one of path, text, user")
        if given & INTERACTION and given != INTERACTION:
            raise ValueError("user, item, rating and time go together, and with no other column")
        return self


INTERACTION = {"user", "item", "rating", "time"}
"""Columns of format ratings."""


class Dialect(Strict):
    """How a table is written as text, where its suffix does not say it (formats table, ratings and pairs)."""

    separator: Annotated[str, Field(min_length=1)] | None = None
    """What stands between two cells; a comma, or a tab in .tsv, when not given."""
    header: tuple[str, ...] = ()
    """The names of the columns, of a table that does not begin with them."""
    quotes: bool = True
    """Whether a cell in double quotes may hold separators and line ends (RFC 4180)."""

    @model_validator(mode="after")
    def _readable(self) -> "Dialect":
        if self.quotes and self.separator and (len(self.separator) != 1 or self.separator in '"\r\n'):
            raise ValueError(f"separator {self.separator!r} is not one character; with quotes: false it may be several")
        if len(set(self.header)) != len(self.header):
            raise ValueError(f"header {list(self.header)} names a column twice")
        return self


class Titles(Strict):
    """A table that says what items are called."""

    file: str
    """It lies where the source's `file` does, and is fetched like it."""
    item: str
    """The column of what the source's items are, as a number."""
    title: str
    """The column of what people call it."""
    dialect: Dialect | None = None
    """How it is written, where its suffix does not say it."""

    @field_validator("file")
    @classmethod
    def _inside(cls, file: str) -> str:
        return _below(file)


class Files(Strict):
    """Which files there are and how they are read: what a source says, and each of its parts may say otherwise."""

    path: str | None = None
    """A folder; relative paths start at the project. A folder of the source's name in DAILIES_MIRROR goes first.
    With git or storage, the folder in there."""
    git: str | None = None
    """A repository, of which `commit` is read: https, ssh, or one on this machine."""
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """The whole name of a commit."""
    storage: str | None = None
    """Objects to fetch, as s3://bucket/prefix, gs://… or az://…; keys and endpoint come from the environment."""
    url: str | None = None
    """What the files that `sha256` and `file` name are fetched from, when they are not at hand (https)."""
    sha256: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = {}
    """File name to the SHA-256 of its bytes, or of what a .gz file unpacks to."""
    hosts: tuple[Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9][A-Za-z0-9.:-]*$")], ...] = ()
    """Hosts that may be fetched from, also by a redirect, *.example.org among them; without any, that of `url`."""
    private_network: bool = False
    """Whether hosts may have addresses that the internet does not reach, as servers of a studio do."""
    largest_gib: Annotated[float, Field(gt=0)] = 4
    """The largest file that is fetched."""
    fetch: bool = False
    """Whether pictures that are listed with an address, and not at hand, are fetched from there (format coco)."""
    encoding: str | None = None
    """How texts are encoded, as Python names it (utf-8, latin-1, gb18030); found out for each file when not given."""
    dataset: str | None = None
    """The name of a bundled data set (format scikit_learn)."""
    file: str | None = None
    """The one file in the source's folder that holds or lists all assets.
    For formats that read a file; as a pattern with *, ? or [ several alike (formats conll and table)."""
    target: str | None = None
    """The file whose lines are the other side of those of `file` (format pairs)."""
    images: str | None = None
    """The file of all images (format idx)."""
    labels: str | None = None
    """The file of their labels (format idx)."""
    columns: Columns | None = None
    """What the columns of `file` mean (formats table, ratings and label_studio)."""
    dialect: Dialect | None = None
    """How `file` is written, where its suffix does not say it (formats table, ratings and pairs)."""
    titles: Titles | None = None
    """What items are called, for reports and answers (format ratings)."""
    generator: Annotated[str, Field(pattern=NAME)] | None = None
    """What makes the assets: a file of this name in media/generators/ (format synthesise)."""
    count: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """How many assets are made (format synthesise)."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Another one makes other assets (format synthesise)."""
    settings: dict[str, Any] = {}
    """What the generator may be told (format synthesise)."""

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")
        except LookupError:
            raise ValueError(f"encoding {encoding!r} is not known to Python; write utf-8, latin-1, gb18030 …") from None
        return encoding

    @field_validator("url", "git", "storage")
    @classmethod
    def _address(cls, address: str | None, field: ValidationInfo) -> str | None:
        rule, example = ADDRESSES[field.field_name or ""]
        if address is not None and not re.match(rule, address):
            raise ValueError(f"{field.field_name} {address!r} must be like {example}")
        if address is not None and re.match(r"[a-z0-9]+://[^/]*:[^/]*@", address):
            raise ValueError(f"{field.field_name} must hold no password; give it to git or the environment")
        return address

    @field_validator("file", "target", "images", "labels", "sha256")
    @classmethod
    def _inside(cls, named: Any) -> Any:
        for name in [named] if isinstance(named, str) else named or ():
            _below(name)
        return named


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


PLACE = {"path", "url", "git", "commit", "storage"}
"""Keys that say where files lie."""
REMOTE = ("git", "storage", "url")
"""Those of them that say it is not on this machine."""


class Source(Files):
    """Where assets come from, what they are and what may be done with them. A source is never written to."""

    format: Annotated[str, Field(pattern=NAME)] = "folder"
    """The reader: a file of this name in media/sources/."""
    kind: Literal["image", "audio", "text", "video", "table", "score", "board", "episode"]
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
    near_duplicates: Literal["report", "together", "refuse"] = "report"
    """What is done with assets that look, sound or read nearly alike: say so; also keep them on one side of a split;
    or admit only the first of them by its path."""
    max_drift: Annotated[float, Field(gt=0)] | None = None
    """The population stability index against the last version above which ingest fails; only reported when not given."""

    @field_serializer("parts")
    def _as_said(self, parts: dict[str, Part]) -> dict[str, Any]:
        """Without defaults: read again, they would go before what the source says."""
        return {name: part.model_dump(mode="json", exclude_unset=True) for name, part in parts.items()}

    def part(self, name: str) -> "Source":
        """The source that one of the parts is by itself."""
        part = self.parts[name]
        said = {key: value for key, value in part if key in part.model_fields_set - {"split"} and value is not None}
        elsewhere = dict.fromkeys(PLACE) | {"sha256": {}} if not said.keys().isdisjoint(REMOTE) else {}
        return self.model_copy(update={"parts": {}, **elsewhere, **said})

    def read_as(self) -> "dict[str, Source]":
        """Each part by its name, or the source itself, without a name, where it has none."""
        return {name: self.part(name) for name in self.parts} or {"": self}

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        for name, source in self.read_as().items():
            if problem := _misplaced(source):
                raise ValueError(f"part {name}: {problem}" if name else problem)
        return self


def names_several(name: str) -> bool:
    """Whether a name is a pattern, as for `pathlib.Path.glob`."""
    return not set("*?[").isdisjoint(name)


def leads_out(path: str) -> bool:
    """Whether a path, relative to some folder, may name what is not below that folder."""
    return path.startswith(("/", "~")) or ".." in path.split("/") or "\\" in path or "\0" in path


def _below(file: str) -> str:
    """The name of a file of a source. Raises ValueError unless it lies below the source."""
    if leads_out(file):
        raise ValueError(f"{file!r} leads out of the source; name a file below it")
    return file


def _misplaced(source: Source) -> str:
    """What is wrong with where a source's files lie; empty when nothing is."""
    given = [key for key in REMOTE if getattr(source, key) is not None]
    if len(given) > 1:
        return f"give one of {', '.join(given)}; several places are parts"
    if (source.git is None) != (source.commit is None):
        return "git and commit go together; write the whole commit, 40 digits"
    if source.titles and source.format != "ratings":
        return f"titles are for the items of format ratings, this one has format {source.format}"
    if source.fetch and not source.hosts:
        return "fetch asks the addresses that others have listed; name the hosts that may be asked in hosts"
    if (source.git or source.storage) and source.path and leads_out(source.path):
        return f"path {source.path!r} leads out of {source.git or source.storage}"
    return ""
