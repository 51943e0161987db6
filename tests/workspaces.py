"""A workspace to test in, and pictures to fill it with."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
PARAMS = """\
# A toy: bright squares against bright discs.
sources:
  shapes: {{kind: image, path: "{pictures}", licence: CC0-1.0}}
models:
  shapes:
    recipe: image_classification
    source: shapes
    settings: {{network: cnn, size: 12, width: 8, epochs: 4, batch: 8, rate: 0.01, average: 0.9, jitter_rotate: 0, seed: 1}}
    augment: {{copies: 1, shift: 0.1}}
    gate: {{accuracy: {{at_least: 0.3}}}}
  others:
    recipe: image_classification
    source: shapes
    settings: {{network: separable, size: 12, width: 4, epochs: 2, batch: 16, seed: 1}}
"""


def _heed_interrupts() -> None:
    """A shell lets its background jobs ignore SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Workspace:
    """A workspace and its environment."""

    folder: Path
    pictures: Path
    env: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "studio", *arguments]

    def dailies(self, *arguments: str, exit_code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run `dailies …` here with this tree's own code."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert exit_code is None or done.returncode == exit_code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, exit_code: int | None = 0) -> Any:
        return json.loads(self.dailies(*arguments, "--json", exit_code=exit_code).stdout)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The same in the background, in a process group of its own; `said` has its output."""
        with self._output(arguments).open("w") as output:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=_heed_interrupts,
            )

    def said(self, *arguments: str) -> str:
        """What the command started with these arguments has printed so far."""
        return self._output(arguments).read_text()

    def _output(self, arguments: tuple[str, ...]) -> Path:
        return self.folder.parent / f"{self.folder.name}-{'-'.join(arguments)}.log"

    def dvc(self, *arguments: str) -> str:
        return self._tool("dvc", *arguments)

    def git(self, *arguments: str) -> str:
        return self._tool("git", *arguments)

    def _tool(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def lock(self) -> bytes:
        return (self.folder / "dvc.lock").read_bytes()

    def params(self, old: str, new: str) -> None:
        """Edit params.yaml, as a person would."""
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert text.count(old) >= 1, f"{old!r} is not in params.yaml"
        path.write_text(text.replace(old, new, 1))

    def tags(self) -> list[str]:
        return self.git("tag", "--list").splitlines()

    def copy(self, folder: Path) -> "Workspace":
        """The same workspace once more, with a cache and a remote of its own."""
        shutil.copytree(self.folder, folder, symlinks=True)
        config = folder / ".dvc" / "config.local"
        config.write_text(config.read_text().replace(str(self.folder), str(folder)))
        return Workspace(folder, self.pictures, self.env)


def initialised(clone: Path, folder: Path, server: str, pictures: Path = Path("none"), **extra: str) -> Workspace:
    """What `dailies init` makes of a clone, with a Prefect server that runs, and `extra` variables."""
    env = {
        **os.environ,
        "PREFECT_API_URL": server,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "DAILIES_THREADS": "1",
    }
    for name in ("DAILIES_WORKSPACE", "DAILIES_MIRROR", "PYTHONPATH"):
        env.pop(name, None)
    command = [sys.executable, "-m", "studio", "init", str(folder)]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True)
    return Workspace(folder, pictures, env | extra)


def draw_shapes(folder: Path, count: int, seed: int = 0) -> Path:
    """`count` grey 12 px pictures of each class, in a folder a class."""
    generator = np.random.default_rng(seed)
    yy, xx = np.mgrid[:12, :12]
    for name in ("disc", "square"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            x, y, radius = generator.integers(4, 8), generator.integers(4, 8), generator.integers(2, 4)
            inside = (abs(xx - x) <= radius) & (abs(yy - y) <= radius)
            if name == "disc":
                inside = (xx - x) ** 2 + (yy - y) ** 2 <= radius**2
            pixels = np.where(inside, 220, 30) + generator.integers(0, 30, (12, 12))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index:04}.png")
    return folder
