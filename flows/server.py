"""A temporary Prefect server, `python -m flows.server SOCKET`, for the runs of one command and gone with the last of them.

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


class _Server(uvicorn.Server):
    """Says when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print("ready", flush=True)


def main() -> None:
    listening = socket.socket(fileno=int(sys.argv[1]))
    server = _Server(uvicorn.Config(create_app(ephemeral=True, final=True), log_level="error", lifespan="on"))
    threading.Thread(target=_end_with_the_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _end_with_the_input(server: Any) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
