"""Texts as samples: bytes in any encoding become characters in NFC, with \\n at the end of each line and no byte order mark.

A declared encoding is taken at its word. Without one: a byte order mark, else UTF-8, else a guess that the probe notes.
"""

import codecs
import re
import unicodedata

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),  # before UTF-16: its mark starts the same
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
JAPANESE_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")
"""ISO-2022-JP is valid ASCII, so only its escapes give it away (RFC 1468)."""
GUESSED = (
    "utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251",
    "koi8_r", "cp1252",
)  # fmt: skip
"""What a guess chooses from. Rarer encodings of single bytes explain nearly any file nearly as well, and win by chance."""
GUESS_BYTES = 1 << 20


def decoded(data: bytes, encoding: str = "") -> str:
    """The characters of a text file. `encoding` is the `mode` of its catalog row; found out when it is empty.

    Raises UnicodeDecodeError, a ValueError, for a file that ingest would not admit.
    """
    text = data.decode(encoding or detected(data)[0]).removeprefix("\ufeff")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def detected(data: bytes) -> tuple[str, bool]:
    """The encoding of some bytes, empty when there is none that fits, and whether it is only a guess."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding, False
    if JAPANESE_ESCAPE.search(data):
        return "iso2022_jp", False
    plain = _is_utf_8(data)
    if plain and b"\0" not in data:
        return "utf-8", False
    return _guessed(data) or ("utf-8" if plain else ""), True


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guessed(data: bytes) -> str:
    import charset_normalizer

    best = charset_normalizer.from_bytes(data[:GUESS_BYTES], cp_isolation=list(GUESSED)).best()
    return best.encoding if best else ""
