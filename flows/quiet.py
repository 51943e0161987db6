"""What a person sees of Prefect's log: short lines, and no traceback for an error that explains itself."""

import logging
import os

from project import secrets
from project.errors import DailiesError

ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_FORMAT": "%(asctime)s  %(message)s",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT": "%(asctime)s  %(message)s",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": "%(asctime)s  %(message)s",
}
"""Settings of a run's process; the process that starts it sets those that are not set."""


TEMPORARY = {"PREFECT_UI_ENABLED": "0"}
"""What else those of a temporary server are told: it has no page to look at."""

NOISE = ("Finished in state", "Encountered exception during execution")


class _ForPeople(logging.Filter):
    """Drops what the end of a run says again in one line; the server keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        explained = isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], DailiesError)
        nowhere = ("View at",) if TEMPORARY.items() <= os.environ.items() else ()
        return not explained and not record.getMessage().startswith((*NOISE, *nowhere))


def console() -> None:
    """Give the console the filter; Prefect puts it on the root logger. Other errors keep their traceback, and no record
    holds a secret, on the console or on the server."""
    secrets.guard_logs()
    for handler in logging.getLogger().handlers:
        handler.addFilter(_ForPeople())
