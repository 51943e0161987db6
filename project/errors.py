"""One tree of errors; each class carries the exit code of the command that meets it.

    DailiesError               1  anything we can explain
    ├── UsageError             2  an argument or params.yaml is wrong
    ├── QuarantineError        3  more assets were refused than the source allows
    ├── GateRefused            4  the candidate is registered, but not promoted
    ├── RightsRefused          5  a licence or consent does not allow this use
    ├── NoProject             10  not inside a Dailies project
    ├── Locked                11  another run holds what this one needs
    ├── IntegrityError        13  bytes are not what their hash says
    ├── NoSpace               14  the disk is full
    ├── RemoteUnreachable     15  the DVC remote, or where a source lies, does not answer
    └── Interrupted          130  a person or the system asked it to stop

0 is success. A message says what, the value, the rule and the next step, in one line.
"""

import errno
import os

from project.secrets import redact


class DailiesError(Exception):
    """An error that a user can act on; its message is shown without a traceback, and holds no secret."""

    exit_code = 1

    def __init__(self, message: object = "") -> None:
        super().__init__(redact(str(message)))


class UsageError(DailiesError):
    exit_code = 2


class QuarantineError(DailiesError):
    exit_code = 3


class GateRefused(DailiesError):
    exit_code = 4


class RightsRefused(DailiesError):
    exit_code = 5


class NoProject(DailiesError):
    exit_code = 10


class Locked(DailiesError):
    exit_code = 11


class IntegrityError(DailiesError):
    exit_code = 13


class NoSpace(DailiesError):
    exit_code = 14


def full(error: OSError) -> NoSpace | None:
    """What to tell a person when `error` says that the disk or the quota is full; None when it says something else."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    place = f" for {os.fsdecode(error.filename)}" if error.filename else ""
    return NoSpace(f"no space left{place}; free some and run again, what was there is unchanged")


class RemoteUnreachable(DailiesError):
    exit_code = 15


class Interrupted(DailiesError):
    exit_code = 130


BY_EXIT_CODE: dict[int, type[DailiesError]] = {
    kind.exit_code: kind
    for kind in (
        DailiesError,
        UsageError,
        QuarantineError,
        GateRefused,
        RightsRefused,
        NoProject,
        Locked,
        IntegrityError,
        NoSpace,
        RemoteUnreachable,
        Interrupted,
    )
}
