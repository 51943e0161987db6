"""docs/team.md, typed as it stands there: every command on its machine, every output as it is shown."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import teams
from postgres import Postgres
from ruamel.yaml import YAML
from test_documents import masked
from workspaces import ROOT

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs/team.md"
RUN_S = 300


@dataclass
class Machine:
    """A folder, an environment, and what works in the background."""

    folder: Path
    env: dict[str, str]
    background: list["subprocess.Popen[str]"] = field(default_factory=list)

    def type(self, line: str) -> str:
        """What a shell of this machine prints for one line."""
        program, *arguments = shlex.split(line)
        if program == "cd":
            self.folder /= arguments[0]
            return ""
        if program == "export":
            self.env |= dict(each.split("=", 1) for each in arguments)
            return ""
        command = [sys.executable, "-m", "studio", *arguments] if program == "dailies" else [program, *arguments]
        if line.endswith("&"):
            return self._begin(command[:-1])
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _begin(self, command: list[str]) -> str:
        """The first line that it says."""
        log = self.folder.parent / "background.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=output, stderr=output, text=True)
        self.background.append(process)
        while not log.read_text().endswith("\n"):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        return log.read_text()

    def end(self) -> None:
        for process in self.background:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        self.background.clear()


def parts() -> list[tuple[str, str]]:
    """Language and content of each block, in order."""
    return re.findall(r"^```(console|yaml)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def typed(block: str) -> list[tuple[str, str, str]]:
    """Machine, line and what is shown below it."""
    found = re.findall(r"^(server|second)\$ (.*)\n((?:(?!server\$|second\$).*\n)*)", block, re.MULTILINE)
    assert found, block
    return found


def edited(path: Path, change: dict[str, Any]) -> None:
    """Bring the entries that the page shows into params.yaml."""
    yaml = YAML()
    content = yaml.load(path)
    for group, entries in change.items():
        for name, entry in entries.items():
            content[group][name] |= entry
    yaml.dump(content, path)


def shown(expected: str, printed: str) -> None:
    """Each piece between lines of `…` is printed, in that order."""
    rest = masked(printed)
    for piece in filter(None, map(masked, re.split(r"^…$", expected, flags=re.MULTILINE))):
        assert piece in rest, f"{piece!r} is not in {rest!r}"
        rest = rest.partition(piece)[2]
    if "…" not in expected:
        assert rest.strip() == "", f"not on the page: {rest!r}"


def test_the_page_is_true(clone: Path, database: Postgres, tmp_path: Path) -> None:
    shared = tmp_path / "models.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", shared], check=True)
    with teams.storage() as s3:
        env = _environment(clone)
        machines = {name: Machine(tmp_path / name, dict(env)) for name in ("server", "second")}
        for machine in machines.values():
            machine.folder.mkdir()
        machines["server"].env |= database.env
        machines["server"].env["PATH"] += f"{os.pathsep}{database.bin}"
        real = {
            "git@example.org:studio/models.git": str(shared),
            "@localhost/": f"@127.0.0.1:{database.port}/",
            "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_DEFAULT_REGION=eu-west-1": " ".join(
                f"{key}={value}" for key, value in s3.items()
            ),
            "--limit 0": "--limit 0 --port 0",
        }
        try:
            for language, block in parts():
                if language == "yaml":
                    edited(machines["server"].folder / "params.yaml", YAML(typ="safe").load(block))
                else:
                    _follow(block, machines, real, shared)
            for machine in machines.values():
                assert not _telling(machine.folder, (s3["AWS_SECRET_ACCESS_KEY"], "a-long-one", "another-long-one"))
        finally:
            machines["second"].end()
            if (machines["server"].folder / ".dailies" / "up" / "server.json").is_file():
                machines["server"].type("dailies down")


def _environment(clone: Path) -> dict[str, str]:
    dropped = ("DAILIES_", "PREFECT_", "AWS_", "PYTHONPATH")
    env = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    path = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    who = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "T"), ("EMAIL", "t@t"))
    }
    return env | who | {"PATH": path, "DAILIES_THREADS": "1", "PYTHONPATH": str(clone)}


def _follow(block: str, machines: dict[str, Machine], real: dict[str, str], shared: Path) -> None:
    for name, line, expected in typed(block):
        if line.startswith("git pull"):
            _wait_for(shared, "digits#prod#1", machines["second"])
        for said, meant in real.items():
            line = line.replace(said, meant)
        printed = machines[name].type(line)
        if match := re.search(r"is up at (http://127\.0\.0\.1:\d+)", printed):
            real["http://127.0.0.1:4200"] = match[1]
            printed = printed.replace(match[1], "http://127.0.0.1:4200")
        shown(expected, printed.replace(real.get("http://127.0.0.1:4200", "\0"), "http://127.0.0.1:4200"))


def _telling(folder: Path, secrets: tuple[str, ...]) -> list[Path]:
    """Files that Dailies, DVC or git keep in a workspace, and that hold a secret."""
    kept = (".dailies", ".dvc", ".git", "data")
    files = [path for place in kept for path in (folder / place).rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(path.name == "worker.log" or path.name == "server.log" for path in files)
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


def _wait_for(shared: Path, tag: str, second: Machine) -> None:
    """Until the second machine has sent that tag."""
    until = time.monotonic() + RUN_S
    while subprocess.run(["git", "show-ref", "--quiet", f"refs/tags/{tag}"], cwd=shared, check=False).returncode:
        log = (second.folder / ".dailies" / "up" / "worker.log").read_text()
        assert time.monotonic() < until and second.background[0].poll() is None, log
        time.sleep(1)
