"""What files say of their own use, read from bytes that are made as the standards say."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from media import cbor, declared
from media.probes import image

XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><plus:DataMining>http://ns.useplus.org/ldf/vocab/{}</plus:DataMining></x:xmpmeta>'


def encoded(value: Any) -> bytes:
    """The shortest CBOR of texts, small lists and maps."""
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _head(5, len(value)) + b"".join(encoded(key) + encoded(each) for key, each in value.items())
    raise TypeError(value)


def _head(kind: int, size: int) -> bytes:
    return bytes([kind << 5 | size]) if size < 24 else bytes([kind << 5 | 24, size])


def assertion(entries: dict[str, Any], label: bytes = b"cawg.training-mining", kind: bytes = b"cbor") -> bytes:
    """A JUMBF superbox: a description box with the label, and a content box."""
    content = encoded({"entries": entries}) if kind == b"cbor" else json.dumps({"entries": entries}).encode()
    described = b"cbor" + bytes.fromhex("00110010800000AA00389B71") + b"\x03" + label + b"\0"
    return _box(b"jumb", _box(b"jumd", described) + _box(kind, content))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def use(name: str, word: str) -> dict[str, Any]:
    return {f"cawg.{name}": {"use": word}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"nothing is said", set()),
        (b"c2pa", {"c2pa"}),
        (assertion(use("ai_training", "notAllowed")), {"ai_training: notAllowed"}),
        (assertion(use("ai_training", "notAllowed"), kind=b"json"), {"ai_training: notAllowed"}),
        (assertion(use("ai_training", "perhaps")), {"ai_training: constrained"}),
        (assertion({"c2pa.ai_inference": {"use": "allowed"}}, b"c2pa.training-mining"),
         {"c2pa", "ai_inference: allowed"}),
        (assertion(use("data_mining", "allowed")) + assertion(use("data_mining", "notAllowed")),
         {"data_mining: notAllowed"}),
        (XMP.format("DMI-PROHIBITED-GENAIMLTRAINING").encode(), {"ai_generative_training: notAllowed"}),
        (XMP.format("DMI-UNSPECIFIED").encode(), set()),
    ],
)  # fmt: skip
def test_a_word_about_use_is_found(data: bytes, expected: set[str]) -> None:
    assert declared.signals(b"before" + data + b"after") == expected


def test_an_assertion_that_cannot_be_read_forbids_by_caution() -> None:
    cut = assertion(use("ai_training", "allowed"))[:-9]
    assert "ai_training: constrained" in declared.signals(cut)
    assert "ai_training: constrained" in declared.signals(b"cawg.training-mining\0 and nothing like a box")


def test_prohibited_covers_mining_and_all_training() -> None:
    told = declared.signals(XMP.format("DMI-PROHIBITED").encode())
    assert told == {f"{name}: notAllowed" for name in ("data_mining", "ai_training", "ai_generative_training")}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0), ("1864", 100), ("20", -1), ("6161", "a"), ("8201820203", [1, [2, 3]]), ("a16161f5", {"a": True}),
        ("c11a514b67b0", 1363896240), ("f93e00", 1.5), ("fb3ff199999999999a", 1.1), ("f6", None), ("430a0b0c", b"\n\x0b\x0c"),
    ],
)  # fmt: skip
def test_cbor_as_in_appendix_a_of_rfc_8949(data: str, value: Any) -> None:
    assert cbor.loads(bytes.fromhex(data)) == value


@pytest.mark.parametrize("data", ["", "61", "1b00", "ff", "9f01ff", "81" * 40, "a1a000"])
def test_what_is_not_cbor_is_a_value_error(data: str) -> None:
    with pytest.raises(ValueError):
        cbor.loads(bytes.fromhex(data))


def test_a_picture_says_no_and_its_row_says_so(tmp_path: Path) -> None:
    told = PngInfo()
    told.add_itxt("XML:com.adobe.xmp", XMP.format("DMI-PROHIBITED-AIMLTRAINING"))
    file = io.BytesIO()
    Image.new("L", (20, 20), 90).save(file, "PNG", pnginfo=told)
    assert "ai_training: notAllowed" in image.probe(file.getvalue())["signals"]
    fill(tmp_path / "source", {"cat/1.png": file.getvalue()})
    rows = ingested(tmp_path, kind="image", uses={"ai_training": "allowed", "data_mining": "constrained"})
    row = rows["cat/1.png"]
    assert (row["ai_training"], row["ai_generative_training"]) == ("notAllowed", "notAllowed")
    assert (row["data_mining"], row["ai_inference"], row["status"]) == ("constrained", "", "admitted")
