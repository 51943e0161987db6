"""Just enough of CBOR (RFC 8949) to read an assertion: numbers, texts, bytes, lists, maps, tags, true, false and null."""

import struct
from typing import Any

DEEPEST = 16
FLOATS = {25: ">e", 26: ">f", 27: ">d"}
SIMPLE = {20: False, 21: True, 22: None, 23: None}


def loads(data: bytes) -> Any:
    """The first item of `data`. Raises ValueError for what is not CBOR, or is of a kind that is not read."""
    try:
        return _item(data, 0, 0)[0]
    except (IndexError, struct.error, TypeError) as error:
        raise ValueError(f"not CBOR: {error}") from None


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """An item, and where the next one starts."""
    if depth > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST}")
    kind, detail = data[at] >> 5, data[at] & 31
    if kind == 7:
        return _simple(data, at, detail)
    number, at = _number(data, at + 1, detail)
    if kind in (0, 1):
        return (number if kind == 0 else -1 - number), at
    if kind in (2, 3):
        text = data[at : at + number]
        if len(text) < number:
            raise ValueError("cut off")
        return (text if kind == 2 else text.decode()), at + number
    if kind == 6:
        return _item(data, at, depth + 1)
    values = []
    for _ in range(number * (kind - 3)):  # a list has as many items as it says, a map twice as many
        value, at = _item(data, at, depth + 1)
        values.append(value)
    return (values if kind == 4 else dict(zip(values[::2], values[1::2], strict=True))), at


def _number(data: bytes, at: int, detail: int) -> tuple[int, int]:
    if detail < 24:
        return detail, at
    if detail > 27:
        raise ValueError(f"length {detail} is not read")
    size = 1 << (detail - 24)
    if len(data) < at + size:
        raise ValueError("cut off")
    return int.from_bytes(data[at : at + size]), at + size


def _simple(data: bytes, at: int, detail: int) -> tuple[Any, int]:
    if detail in FLOATS:
        size = 1 << (detail - 24)
        return struct.unpack(FLOATS[detail], data[at + 1 : at + 1 + size])[0], at + 1 + size
    if detail not in SIMPLE:
        raise ValueError(f"simple value {detail} is not read")
    return SIMPLE[detail], at + 1
