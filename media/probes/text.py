"""Decode a text once, and say what it is."""

import re
import unicodedata
from typing import Any

import charset_normalizer

from media import text
from media.fingerprints.text import fingerprint

VERSION = f"text 2, charset-normalizer {charset_normalizer.__version__}, unicode {unicodedata.unidata_version}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES: dict[str, tuple[str, ...]] = {}
"""A text may have any name."""

CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that no text holds; those for tabs, lines, pages and escapes are kept."""
REPLACEMENT = "\ufffd"


def probe(data: bytes, encoding: str = "") -> dict[str, Any]:
    """Format, mode (the encoding, declared as `encoding` or found), characters, signals and
    fingerprint; or why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    found, guessed = (encoding, False) if encoding else text.detected(data)
    if not found:
        return {"reason": "not a text in an encoding that can be found out; declare the source's encoding"}
    try:
        return _examined(data, found, guessed)
    except UnicodeError as error:
        place = f" at byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else ""
        return {"reason": f"not valid {found}{place}; correct it, or the source's encoding"}
    except MemoryError:
        return {"reason": "needs more memory than a text may"}


def _examined(data: bytes, encoding: str, guessed: bool) -> dict[str, Any]:
    content = text.decoded(data, encoding)
    if control := CONTROLS.search(content):
        place = control.start()
        return {"reason": f"not a text: control character U+{ord(content[place]):04X} at character {place:,}"}
    if not content.strip():
        return {"reason": "no text, only white space"}
    signals = {"encoding guessed": guessed, "replacement characters": REPLACEMENT in content}
    return {
        "format": "TEXT",
        "mode": encoding,
        "characters": len(content),
        "signals": sorted(name for name, there in signals.items() if there),
        "fingerprint": fingerprint(content),
    }
