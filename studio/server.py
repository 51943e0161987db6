"""Which Prefect server a run would talk to, found without importing Prefect."""

import os
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

from project.errors import DailiesError

ANSWER_S = 5.0


def configured() -> str:
    """The API address from the environment or Prefect's active profile; empty when a temporary server will do."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return ""
    active = profiles.get("profiles", {}).get(profiles.get("active", ""), {})
    return str(active.get("PREFECT_API_URL", ""))


def check(url: str) -> None:
    """Raise DailiesError when nothing answers at `url`. Any answer will do: a refusal to log in is Prefect's to tell."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=ANSWER_S):
            return
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        raise DailiesError(
            f"the Prefect server at {url} does not answer ({error}); start it: prefect server start, "
            "or unset PREFECT_API_URL to use a temporary one"
        ) from None
