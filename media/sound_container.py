"""Does a sound file hold all that its header promises? Decoders play what is there and say nothing.

sources  RIFF: Microsoft, Multimedia Programming Interface 1.0; RF64: EBU Tech 3306; AIFF: Apple 1989
         Ogg pages: RFC 3533, section 6; MP3: ISO 11172-3, section 2.4; Xing header as written by LAME
"""

import struct
from collections.abc import Iterator

UNKNOWN_SIZE = 0xFFFF_FFFF
"""What writers put that stream and never come back to the header; RF64 keeps the true size elsewhere."""
WAVE_CODECS = {0x0001, 0x0002, 0x0003, 0x0006, 0x0007, 0x0011, 0x0031, 0xFFFE}
"""PCM, MS ADPCM, float, A-law, mu-law, IMA ADPCM, GSM 6.10, extensible: what libsndfile reads in WAV."""
LAST_PAGES_BYTES = 1 << 17  # an Ogg page is at most 65,307 bytes long
MPEG_1, MONO = 0b11, 0b11
WITH_FRAMES, WITH_BYTES = 1, 2  # flags of a Xing header


def cut_short(data: bytes) -> str:
    """Why the file is too short for its own header; empty when it is not, or when its format does not say."""
    kind = data[:4]
    if kind in (b"RIFF", b"RF64", b"RIFX"):
        return _compare(*_promised_wave(data))
    if kind == b"FORM":
        return _compare(*_promised(data, ">", b"SSND"))
    if kind == b"OggS":
        return _cut_page(data)
    return _compare(*_promised_mp3(data))


def wave_codec(data: bytes) -> int | None:
    """The format tag of a WAV file, if it is one that has any."""
    if data[:4] not in (b"RIFF", b"RF64"):
        return None
    places = [start for name, size, start in _chunks(data, "<") if name == b"fmt " and size >= 2]
    return struct.unpack_from("<H", data, places[0])[0] if places and places[0] + 2 <= len(data) else None


def _compare(promised: int, there: int) -> str:
    return f"cut short: its header promises {promised:,} bytes of sound, {there:,} are there" * (promised > there)


def _chunks(data: bytes, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, size and start of each chunk's content; sizes are as the file says, even when it ends before."""
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, place)
        yield name, size, place + 8
        place += 8 + size + size % 2


def _promised(data: bytes, order: str, wanted: bytes) -> tuple[int, int]:
    for name, size, start in _chunks(data, order):
        if name == wanted:
            return size, len(data) - start
    return 0, 0


def _promised_wave(data: bytes) -> tuple[int, int]:
    promised, there = _promised(data, ">" if data[:4] == b"RIFX" else "<", b"data")
    if promised != UNKNOWN_SIZE:
        return promised, there
    wide = [start for name, size, start in _chunks(data, "<") if name == b"ds64" and size >= 16]
    if data[:4] != b"RF64" or not wide:
        return 0, there
    return struct.unpack_from("<Q", data, wide[0] + 8)[0], there


def _cut_page(data: bytes) -> str:
    """An Ogg file ends with a whole page. What follows the last page is no matter."""
    place = data.rfind(b"OggS", max(0, len(data) - LAST_PAGES_BYTES))
    if place < 0:
        return ""
    segments = data[place + 26] if place + 26 < len(data) else 0
    table = data[place + 27 : place + 27 + segments]
    whole = place + 27 < len(data) and len(table) == segments
    if whole and place + 27 + segments + sum(table) <= len(data):
        return ""
    return "cut short: its last Ogg page is not whole"


def _promised_mp3(data: bytes) -> tuple[int, int]:
    """Bytes that the Xing header of an MP3 file counts, and those that are there from its frame on."""
    first = _after_id3(data)
    head = data[first : first + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0, 0
    mono = head[3] >> 6 == MONO
    side = (17 if mono else 32) if head[1] >> 3 & 0b11 == MPEG_1 else (9 if mono else 17)
    tag = data[first + 4 + side : first + 20 + side]
    if tag[:4] not in (b"Xing", b"Info") or len(tag) < 16:
        return 0, 0
    flags, *numbers = struct.unpack(">3I", tag[4:])
    if not flags & WITH_BYTES:
        return 0, 0
    return numbers[1 if flags & WITH_FRAMES else 0], len(data) - first


def _after_id3(data: bytes) -> int:
    """Where an ID3v2 tag ends; its size has seven bits a byte (ID3v2.4, section 3.1)."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    return 10 + size
