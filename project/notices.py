"""What people are told of by themselves, and what params.yaml says of where: a variable or a file that holds an address,
never the address itself, which is a secret."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from project import secrets
from project.errors import UsageError
from project.source import Strict

What = Literal["failed", "refused", "quarantine", "promoted", "missed", "rolled_back", "approval"]
"""A run failed; the gate or a right refused it; too many files were refused; a version went live; a run of a schedule did
not start or died; a version was taken out of prod by rule; a version waits for a person."""
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell people: a title of one line, a text of a few, an address or a path to see more."""

    what: What
    model: str
    title: str
    text: str
    link: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Place(Strict):
    """Where the address of a receiver stands."""

    env: str | None = None
    file: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("env")
    @classmethod
    def _a_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(
                "env takes the name of a variable, as OPS_URL; the address itself never stands in params.yaml"
            )
        return name

    @field_validator("file")
    @classmethod
    def _a_path(cls, path: str | None) -> str | None:
        if path and "://" in path:
            raise ValueError("file takes the path of a file; the address itself never stands in params.yaml")
        return path

    @model_validator(mode="after")
    def _one(self) -> "Place":
        if (self.env is None) == (self.file is None):
            raise ValueError("give exactly one of env, file")
        return self

    @property
    def name(self) -> str:
        """How a receiver is called where its address must not be shown."""
        return f"${self.env}" if self.env else str(self.file)

    def address(self, root: Path) -> str:
        """The address, hidden from now on. Raises UsageError when it is not there."""
        if self.env:
            value = os.environ.get(self.env, "").strip()
            if not value:
                raise UsageError(f"notify: variable {self.env} is not set; set it where the runs are started")
        else:
            path = root / Path(self.file or "").expanduser()
            try:
                value = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                said = getattr(error, "strerror", None) or "not a text"
                raise UsageError(f"notify: {path} cannot be read ({said}); write the address into it") from None
            if not value:
                raise UsageError(f"notify: {path} is empty; write the address into it")
        return secrets.known(value)


class Receiver(Strict):
    """One receiver, what it is told and of which models: of everything when neither is said."""

    to: Place
    on: tuple[What, ...] = WHATS
    models: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _on(cls, raw: Any) -> Any:
        """YAML 1.1, which PyYAML reads, takes the word `on` for true."""
        if isinstance(raw, Mapping) and True in raw and "on" not in raw:
            return {"on" if key is True else key: value for key, value in raw.items()}
        return raw

    @field_validator("on")
    @classmethod
    def _something(cls, on: tuple[What, ...]) -> tuple[What, ...]:
        if not on:
            raise ValueError(f"name what it is told of; known: {', '.join(WHATS)}")
        return on

    def wants(self, notice: Notice) -> bool:
        return notice.what in self.on and (not self.models or notice.model in self.models)
