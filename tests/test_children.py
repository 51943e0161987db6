"""What is done for the processes of `dailies up` besides starting them."""

import subprocess
import sys
from pathlib import Path

import pytest

from studio import children
from studio.children import Child


def test_a_log_begins_anew_while_it_is_written_and_the_last_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "LOG_BYTES", 100)
    script = "import sys\nfor line in sys.stdin: print(line.strip() * 30, flush=True)"
    log = children.log_of(tmp_path, "server")

    def start() -> "subprocess.Popen[str]":
        with log.open("a") as opened:
            command = [sys.executable, "-c", script]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=opened, text=True)

    child = Child("server", start, log)
    child.begin()
    assert child.process and child.process.stdin
    for said, logs in (("one ", {"server.log"}), ("two ", {"server.log", "server.log.1"}), ("end ", None)):
        before = log.stat().st_size
        child.process.stdin.write(f"{said}\n")
        child.process.stdin.flush()
        while log.stat().st_size == before:
            assert child.process.poll() is None
        child.look_after()
        if logs:
            assert {path.name for path in tmp_path.iterdir()} == logs
    child.process.stdin.close()
    child.process.wait()
    assert log.read_text() == "end" * 30 + "\n" and "two" in (tmp_path / "server.log.1").read_text()
    assert "\0" not in log.read_text()
