"""A workspace with a long past that never happened: tags, commits, dvc.lock, catalogs and derivations as runs leave them.

Each source grows a few times; each version of a model was made from the assets that its source had then. Objects of DVC are
real, so DVC and GTO can read it all; weights and predictions are a few bytes.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from media import catalog, derivation
from media.shard import sample_id

WHO = "Benchmark <benchmark@localhost>"
START_S = 1_600_000_000
EVERY_S = 3600
GROWTH = 0.01
"""Of the assets of a source are new in each of its generations, and as many are gone."""


@dataclass(frozen=True)
class Size:
    """How much there is."""

    versions: int
    models: int
    assets: int
    sources: int
    generations: int
    copies: int = 1

    @property
    def each(self) -> int:
        return self.assets // self.sources


class Workspace:
    """Git and DVC, without a run ever made."""

    def __init__(self, folder: Path, size: Size) -> None:
        from dvc.repo import Repo

        self.folder, self.size = folder, size
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
        with Repo.init(str(folder)) as repo, repo.config.edit() as config:
            config["core"] |= {"analytics": False, "check_update": False, "remote": "here"}
            config["remote"]["here"] = {"url": str(folder / ".dailies" / "remote")}
        (folder / "params.yaml").write_text("")
        (folder / "dvc.yaml").write_text(_stages(size))
        self.starts: dict[int, int] = {}
        """Version → the version with whose weights its training began."""
        self.assets: dict[tuple[int, int], str] = {}
        self.shards: dict[tuple[int, int], str] = {}
        self.predictions = self.keep(_parquet(pa.table({"asset_id": pa.array([], pa.string())})))

    def keep(self, content: bytes, suffix: str = "") -> str:
        """Put bytes into DVC's cache; their hash."""
        md5 = hashlib.md5(content).hexdigest()
        path = self.folder / ".dvc" / "cache" / "files" / "md5" / md5[:2] / (md5[2:] + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return md5 + suffix

    def tree(self, files: dict[str, bytes]) -> str:
        entries = [{"md5": self.keep(content), "relpath": name} for name, content in sorted(files.items())]
        return self.keep(json.dumps(entries).encode(), ".dir")

    def fill(self) -> None:
        """Write all catalogs and derivations, then history."""
        for source in range(self.size.sources):
            for generation in range(self.size.generations):
                ids = asset_ids(self.size, source, generation)
                self.assets[source, generation] = self.tree({catalog.FILE: _catalog(source, ids)})
                table = _derivation(ids, self.size.copies)
                for model in range(source, self.size.models, self.size.sources):
                    table = table.set_column(5, "transform", _transforms(table, model))
                    self.shards[model, generation] = self.tree({derivation.FILE: _parquet(table)})
        self._import(range(self.size.versions))

    def one_more(self, number: int) -> None:
        """Another run: version `number`, of its source as it has grown since."""
        model, source = number % self.size.models, number % self.size.models % self.size.sources
        generation = 1 + max(known for each, known in self.assets if each == source)
        ids = asset_ids(self.size, source, generation)
        self.assets[source, generation] = self.tree({catalog.FILE: _catalog(source, ids)})
        table = _derivation(ids, self.size.copies)
        self.shards[model, generation] = self.tree(
            {derivation.FILE: _parquet(table.set_column(5, "transform", _transforms(table, model)))}
        )
        self._import([number], generation)

    def _import(self, numbers: Any, generation: int | None = None) -> None:
        command = ["git", "fast-import", "--quiet", "--force"]
        with subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE) as process:
            assert process.stdin
            for number in numbers:
                for piece in self._commit(number, generation):
                    process.stdin.write(piece)
        subprocess.run(["git", "pack-refs", "--all"], cwd=self.folder, check=True)
        subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=self.folder, check=True)

    def _commit(self, number: int, generation: int | None) -> Iterator[bytes]:
        """One version as a stream for git: dvc.lock, the plan of its training, the tags."""
        model, round = number % self.size.models, number // self.size.models
        rounds = max(1, self.size.versions // self.size.models)
        last = min(self.size.generations - 1, round * self.size.generations // rounds)
        present = dict.fromkeys(range(self.size.models), last)
        if generation is not None:
            present[model] = generation
        when = f"{WHO} {START_S + EVERY_S * number} +0000"
        files = {"dvc.lock": self._lock(present, number), f"data/plan/train/m{model:02}.json": self._plan(number)}
        if not number:
            kept = (".dvc/config", ".dvcignore", "dvc.yaml", "params.yaml")
            files |= {name: (self.folder / name).read_bytes() for name in kept}
        parent = "from refs/heads/main^0\n" if generation is not None else ""
        yield (
            f"commit refs/heads/main\nmark :{number + 1}\ncommitter {when}\n".encode()
            + _data(b"version")
            + parent.encode()
        )
        for path, content in files.items():
            yield f"M 100644 inline {path}\n".encode() + _data(content)
        message = json.dumps(
            {
                "weights": self._weights(number),
                "run": f"run-{number}",
                "who": "benchmark",
                "trigger": "nightly",
                "recipe": "image_classification",
                "source": f"s{model % self.size.sources:02}",
                "metrics": {"accuracy": 0.9 + number % 100 / 1000},
            }
        )
        for tag in (f"m{model:02}@v0.{round}.0", f"m{model:02}#prod#{round + 1}"):
            yield f"tag {tag}\nfrom :{number + 1}\ntagger {when}\n".encode() + _data(message.encode())

    def _plan(self, number: int) -> bytes:
        start = {"weights": self._weights(self.starts[number])} if number in self.starts else None
        return json.dumps({"recipe": "image_classification", "settings": {"epochs": 10}, "start": start}).encode()

    def _weights(self, number: int) -> str:
        """Weights that nobody kept, but those of the first version of each model."""
        if number < self.size.models:
            return self.tree({"model.safetensors": str(number).encode()})
        return hashlib.md5(str(number).encode()).hexdigest() + ".dir"

    def _lock(self, present: dict[int, int], number: int) -> bytes:
        parts = ["schema: '2.0'\nstages:\n"]
        for model, generation in present.items():
            name, source = f"m{model:02}", model % self.size.sources
            assets, shards = self.assets[source, generation], self.shards[model, generation]
            made = (f"data/assets/s{source:02}", assets), (f"data/shards/{name}", shards)
            weights = (f"data/weights/{name}", self._weights(number if model == number % self.size.models else model))
            parts.append(_stage("augment", name, [made[0]], [made[1]]))
            parts.append(_stage("train", name, [made[1]], [weights]))
            predictions = (f"data/reports/{name}/predictions.parquet", self.predictions)
            parts.append(_stage("validate", name, [made[1], weights], [predictions]))
        return "".join(parts).encode()


def _stages(size: Size) -> str:
    """A dvc.yaml with the stages that DVC must know to find samples."""
    models = {f"m{model:02}": {"source": f"s{model % size.sources:02}"} for model in range(size.models)}
    made = {
        "cmd": "python -m steps.augment ${key}",
        "deps": ["data/assets/${item.source}"],
        "outs": ["data/shards/${key}"],
    }
    return json.dumps({"stages": {"augment": {"foreach": models, "do": made}}}, indent=1)


def _stage(verb: str, name: str, deps: list[tuple[str, str]], outs: list[tuple[str, str]]) -> str:
    def listed(pairs: list[tuple[str, str]]) -> str:
        return "".join(
            f"    - path: {path}\n      hash: md5\n      md5: {md5}\n      size: 100\n" for path, md5 in pairs
        )

    return (
        f"  {verb}@{name}:\n    cmd: python -m steps.{verb} {name}\n    deps:\n{listed(deps)}    outs:\n{listed(outs)}"
    )


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def asset_ids(size: Size, source: int, generation: int) -> list[str]:
    """The assets of a source in one of its generations, sorted."""
    first = int(size.each * GROWTH) * generation
    return sorted(
        hashlib.sha256(f"{source} {number}".encode()).hexdigest() for number in range(first, first + size.each)
    )


def _catalog(source: int, ids: list[str]) -> bytes:
    """A catalog with a path, a label and a subject for each asset; one in a hundred is quarantined."""
    refused = np.array([asset[-2:] == "00" for asset in ids])
    rows: dict[str, Any] = {
        "asset_id": ids,
        "paths": [[f"shoot-{asset[:2]}/{asset[2:14]}.jpg"] for asset in ids],
        "source": [f"s{source:02}"] * len(ids),
        "kind": ["image"] * len(ids),
        "bytes": [int(asset[:4], 16) for asset in ids],
        "labels": [[f"class-{asset[0]}"] for asset in ids],
        "licence": ["CC-BY-4.0"] * len(ids),
        "subject": [f"person {int(asset[4:7], 16)} of s{source:02}" for asset in ids],
        "consent": ["given"] * len(ids),
        "status": np.where(refused, catalog.QUARANTINED, catalog.ADMITTED),
        "reason": np.where(refused, "damaged: image file is truncated", ""),
    }
    every = {field.name: rows.get(field.name, pa.nulls(len(ids), field.type)) for field in catalog.SCHEMA}
    return _parquet(pa.table(every, catalog.SCHEMA))


def _derivation(ids: list[str], copies: int) -> pa.Table:
    """A sample of each admitted asset; training samples have copies."""
    columns: dict[str, list[Any]] = {name: [] for name in derivation.SCHEMA.names}
    for asset in ids:
        if asset[-2:] == "00":
            continue
        split = "test" if asset[-3] == "0" else "validation" if asset[-3] == "1" else "train"
        for copy in range(1 + (copies if split == "train" else 0)):
            row = (sample_id(asset, copy, "made"), [asset], split, 0, copy, "", 7, "CC-BY-4.0")
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return pa.table(columns, derivation.SCHEMA)


def _transforms(table: pa.Table, model: int) -> pa.Array:
    made = json.dumps({"seed": model, "rotate_deg": 10.0})
    return pa.array([made if copy else "" for copy in table["copy"].to_pylist()], pa.string())


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()
