"""What a file says itself of its use for training: CAWG's assertion in its Content Credentials, PLUS's property in its XMP.

Both are looked for as bytes, whatever the container. Nothing is verified: a word that forbids is heeded, whoever wrote it,
and one that allows never goes before a stricter one.

CAWG training and data mining assertion 1.1: a JUMBF box labelled `cawg.training-mining` (before, `c2pa.training-mining`)
holds CBOR or JSON, {"entries": {"cawg.ai_training": {"use": "notAllowed"}, …}}.
PLUS LDF 2.0.1, property Data Mining (plus:DataMining), a term of http://ns.useplus.org/ldf/vocab/.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from media import cbor
from media.rights import PERMISSIONS, USES, signal, strictest

LABEL = re.compile(rb"(?:cawg|c2pa)\.training-mining(?:__\d+)?\0")
TERM = re.compile(rb"ns\.useplus\.org/ldf/vocab/(DMI-[A-Z-]+)")
NEAR = 256
"""Bytes between the label of an assertion and the header of its content."""
LARGEST = 1 << 16
TRAINING = ("ai_training", "ai_generative_training")
TERMS: Mapping[bytes, Mapping[str, str]] = {
    b"DMI-ALLOWED": dict.fromkeys(USES, "allowed"),
    b"DMI-PROHIBITED": dict.fromkeys(("data_mining", *TRAINING), "notAllowed"),
    b"DMI-PROHIBITED-AIMLTRAINING": dict.fromkeys(TRAINING, "notAllowed"),
    b"DMI-PROHIBITED-GENAIMLTRAINING": {"ai_generative_training": "notAllowed"},
    b"DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": dict.fromkeys(("data_mining", *TRAINING), "notAllowed"),
    b"DMI-PROHIBITED-SEECONSTRAINT": dict.fromkeys(("data_mining", *TRAINING), "constrained"),
    b"DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": dict.fromkeys(("data_mining", *TRAINING), "constrained"),
    b"DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": dict.fromkeys(("data_mining", *TRAINING), "constrained"),
}


def signals(data: bytes) -> set[str]:
    """`c2pa` where there are Content Credentials, and each use of which the file says something, as `rights.signal`."""
    found: dict[str, list[str]] = {}
    for said in (*_terms(data), *_assertions(data)):
        for use, permission in said.items():
            found.setdefault(use, []).append(permission)
    told = {signal(use, strictest(words)) for use, words in found.items()}
    return told | ({"c2pa"} if b"c2pa" in data else set())


def _terms(data: bytes) -> Iterator[Mapping[str, str]]:
    for match in TERM.finditer(data):
        yield TERMS.get(match[1], {})


def _assertions(data: bytes) -> Iterator[Mapping[str, str]]:
    for match in LABEL.finditer(data):
        content = _content(data, match.end())
        yield _read(content) if content is not None else dict.fromkeys(USES, "constrained")


def _content(data: bytes, start: int) -> Any:
    """What the box behind a label holds; None where it cannot be read, as when it is cut into segments."""
    for kind, load in ((b"cbor", cbor.loads), (b"json", json.loads)):
        place = data.find(kind, start, start + NEAR)
        if place >= start + 4:
            length = int.from_bytes(data[place - 4 : place])
            try:
                return load(data[place + 4 : place - 4 + min(length, LARGEST)])
            except ValueError:
                return None
    return None


def _read(content: Any) -> dict[str, str]:
    """Use → permission of an assertion; a word that it must not use counts as constrained."""
    entries = content.get("entries") if isinstance(content, dict) else None
    if not isinstance(entries, dict):
        return dict.fromkeys(USES, "constrained")
    said = {}
    for name, entry in entries.items():
        use = str(name).rpartition(".")[2]
        word = entry.get("use") if isinstance(entry, dict) else None
        if use in USES:
            said[use] = word if word in PERMISSIONS[1:] else "constrained"
    return said
