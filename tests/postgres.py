"""A real PostgreSQL on loopback, from the system's packages. It refuses to run as root, so root hands it to its own user."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKAGED = Path("/usr/lib/postgresql")
USER = "dailies"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, the newest version's; None where PostgreSQL is not installed."""
    versions = sorted(PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("initdb")
    path = versions[-1] if versions else Path(found).resolve() if found else None
    return path.parent if path else None


@dataclass(frozen=True)
class Postgres:
    """A server of its own folder and port, which everybody on this machine may use."""

    bin: Path
    folder: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def env(self) -> dict[str, str]:
        """For psql, createdb and the like."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PGDATABASE": "postgres"}

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", settings, "start")

    def stop(self) -> None:
        """At once, as a machine that loses its power: clients lose their connections."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    def create(self, database: str) -> str:
        """A new database; its address."""
        subprocess.run([self.bin / "createdb", database], env={**os.environ, **self.env}, check=True)
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*as_user, str(self.bin / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@contextmanager
def running(bin: Path) -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="dailies-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    postgres = Postgres(bin, folder, port)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        postgres._run("initdb", "-D", "data", "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync")
        postgres.start()
        yield postgres
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            postgres.stop()
        shutil.rmtree(folder)
