"""Text that a catalog can hold."""


def printable(text: str) -> str:
    """`text` with \\ escapes for what UTF-8 does not have: bytes of odd file names, lone surrogates of JSON."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "backslashreplace")
    return data.decode("utf-8", "backslashreplace")
