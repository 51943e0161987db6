"""Assets that a generator makes: as many as one likes, with labels that are known.

Each follows from `seed` and its number alone, so more of them leave the first ones as they are. Named
`<generator>/<number>`.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from media.sources import Item, Place
from project import params
from project.errors import UsageError
from project.source import Source, Strict

if TYPE_CHECKING:
    from media.generators import Generator


def reader(source: Source, place: Place) -> "SynthesiseReader":
    """Raises UsageError when generator or count are missing, or the generator cannot do what it is told."""
    if source.generator is None or source.count is None:
        raise UsageError(f"source {place.name!r} has format synthesise; name its generator and the count of its assets")
    from media import generators

    where = f"sources.{place.name}"
    generator = generators.load(source.generator, f"{where}.generator")
    if source.kind != generator.KIND:
        raise UsageError(f"{where}.kind is {source.kind!r}, but {source.generator} makes {generator.KIND}")
    settings = params.checked(generator.Settings, source.settings, f"{where}.settings")
    return SynthesiseReader(source.generator, generator, settings, source.count, source.seed)


class SynthesiseReader:
    """Makes each asset when its bytes are asked for."""

    def __init__(self, name: str, generator: "Generator", settings: Strict, count: int, seed: int) -> None:
        self._name = name
        self._generator = generator
        self._settings = settings
        self._count = count
        self._seed = seed

    def fingerprint(self) -> str:
        told = [self._name, self._count, self._seed, self._settings.model_dump(mode="json")]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        labels = self._generator.labels(self._settings)
        for number in range(self._count):
            label = labels[number % len(labels)] if labels else ""
            path = f"{self._name}/{number:06d}{self._generator.SUFFIX}"
            yield Item(path, (label,) if label else (), "", "", partial(self._made, number, label))

    def _made(self, number: int, label: str) -> bytes:
        from media import draws

        own: Any = draws.generator(self._seed, str(number), 0, self._name)
        return self._generator.make(own, self._settings, label)
