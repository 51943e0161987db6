"""What the containers of films say of their own size: ISO base media (MP4, MOV) and Matroska (MKV, WebM).

FFmpeg decodes what is left of a film that was cut and calls it whole, so the boxes are walked here first.
"""

from collections.abc import Iterator

ISO_STARTS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""The first box of an MP4 or MOV file. ISO/IEC 14496-12, section 4.3; QuickTime File Format, Movie Atoms."""
PICTURE_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"hevc")
"""Brands of pictures in the same boxes: AVIF and HEIF."""
EBML = b"\x1aE\xdf\xa3"
SEGMENT = b"\x18S\x80g"
"""Identifiers of Matroska elements: the head, and all that follows it. RFC 9559, sections 5.1.1 and 5.1.2."""
HEAD_BYTES = 4096


def recognised(data: bytes) -> str:
    """MP4, MOV, MKV or WEBM; empty when it is no film in one of these."""
    if data.startswith(EBML):
        return "WEBM" if b"webm" in data[:64] else "MKV"
    if data[4:8] not in ISO_STARTS or (data[4:8] == b"ftyp" and data[8:12] in PICTURE_BRANDS):
        return ""
    return "MP4" if data[4:8] == b"ftyp" and data[8:12] != b"qt  " else "MOV"


def cut_short(data: bytes) -> str:
    """The reason when the file ends before its container does; empty when it does not, or when that cannot be told."""
    return _cut_matroska(data) if data.startswith(EBML) else _cut_iso(data)


def _cut_iso(data: bytes) -> str:
    kinds = set()
    for kind, start, promised in _boxes(data):
        kinds.add(kind)
        if promised > len(data) - start:
            return _promised(promised, len(data) - start)
    return "" if b"moov" in kinds else "cut short: its index, which is written last, is missing (moov)"


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and size of each box at the top. One of size 0 reaches to the end of the file."""
    start = 0
    while len(data) - start >= 8:
        size, kind = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        if size == 1:
            size = int.from_bytes(data[start + 8 : start + 16], "big")
        size = size or len(data) - start
        if size < 8 or not kind.isascii():  # what stands behind the last box is of no interest
            return
        yield kind, start, size
        start += size


def _cut_matroska(data: bytes) -> str:
    place = data.find(SEGMENT, 0, HEAD_BYTES)
    if place < 0 or place + 5 > len(data):
        return "cut short: nothing follows its header"
    start = place + len(SEGMENT)
    width = 9 - data[start].bit_length()  # the leading zeros of the first byte say how many follow
    value = int.from_bytes(data[start : start + width], "big") & ((1 << 7 * width) - 1)
    unknown = value == (1 << 7 * width) - 1  # as written by what streams
    there = len(data) - start - width
    return "" if unknown or value <= there else _promised(value, there)


def _promised(promised: int, there: int) -> str:
    return f"cut short: its header promises {promised:,} bytes of film, {max(there, 0):,} are there"
