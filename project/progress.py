"""How a step says how far it is: JSON lines for a flow, a bar on a terminal, a line a minute elsewhere."""

import json
import os
import sys
import time

LINE_EVERY_S = 60.0
TICK_EVERY_S = 0.5


class Progress:
    """Reports to stdout. `DAILIES_PROGRESS=json` gives one JSON object a line, for a program to read.

    A tick is `{"done": 3, "total": 10, "unit": "epochs", "loss": 0.12}`, a note is `{"note": "text"}`.
    """

    def __init__(self, unit: str, total: float) -> None:
        self.unit = unit
        self.total = total
        self._json = os.environ.get("DAILIES_PROGRESS") == "json"
        self._terminal = sys.stdout.isatty() and not self._json
        self._last = float("-inf") if self._json or self._terminal else time.monotonic()

    def tick(self, done: float, **values: float) -> None:
        """Say that `done` of `total` units are done; dropped when the last tick is too recent."""
        now = time.monotonic()
        every = TICK_EVERY_S if self._json or self._terminal else LINE_EVERY_S
        if done < self.total and now - self._last < every:
            return
        self._last = now
        if self._json:
            print(json.dumps({"done": round(done, 3), "total": self.total, "unit": self.unit, **values}), flush=True)
            return
        line = f"{done:.4g}/{self.total} {self.unit}" + "".join(f"  {k} {v:.4g}" for k, v in values.items())
        if self._terminal:
            filled = int(30 * done / max(self.total, 1))
            end = "\n" if done >= self.total else ""
            print(f"\r[{'#' * filled}{'.' * (30 - filled)}] {line}\033[K", end=end, flush=True)
        else:
            print(line, flush=True)


def note(text: str) -> None:
    """Say one thing that a person should read in the log."""
    as_json = os.environ.get("DAILIES_PROGRESS") == "json"
    print(json.dumps({"note": text}, ensure_ascii=False) if as_json else text, flush=True)
