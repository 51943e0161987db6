"""A Prefect server, `python -m flows.server SOCKET [--lasting]`: for the runs of one command and gone with the last of them,
or, lasting, with schedules, automations and pages to look at.

SOCKET is the descriptor of a listening socket. A line on stdout says when the server answers. It ends when its input
does: every process that needs it holds the other end of that pipe, so that a server outlives none of them, however they
end.
"""

import socket
import sys
import threading
from typing import Any

import uvicorn
from prefect.server.api.server import create_app
from prefect.server.database.configurations import AioSqliteConfiguration

GRACE_S = 2
"""How long open connections are waited for at the end: workers and pages hold some for ever."""


class _Server(uvicorn.Server):
    """Says when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("ready", flush=True)


def _take_the_lock_first() -> None:
    """Let each transaction on SQLite begin with the lock for writing.

    Prefect's begin without it: one that has read and then writes, after another has written, is refused at once however
    long it would wait ("database is locked", PrefectHQ/prefect#18934), and with it goes an event or a change of state.
    """
    begin = AioSqliteConfiguration.begin_transaction

    def at_once(self: AioSqliteConfiguration, session: Any, with_for_update: bool = False) -> Any:
        return begin(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = at_once  # type: ignore[method-assign]


def main() -> None:
    _take_the_lock_first()
    listening = socket.socket(fileno=int(sys.argv[1]))
    app = create_app(ephemeral="--lasting" not in sys.argv[2:], final=True)
    server = _Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=GRACE_S))
    threading.Thread(target=_end_with_the_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _end_with_the_input(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
