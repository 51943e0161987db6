"""Texts to look at: a page of rows. As HTML, since a browser has letters for every language."""

from collections.abc import Sequence
from html import escape

from media import text
from media.sheets import Shown

SUFFIX = ".html"
LONGEST = 600
"""Characters of a text that are shown."""
STYLE = """body { font: 14px/1.5 sans-serif; margin: 2em; color: #1a1a1a } table { border-collapse: collapse }
td, th { text-align: left; vertical-align: top; padding: .3em 1em; border-bottom: 1px solid #ddd }
td { max-width: 45em; white-space: pre-wrap; overflow-wrap: anywhere } td:last-child { color: #6a6a6a }"""


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """One HTML page without script, nothing fetched: caption, text and path of each."""
    rows = "\n".join(_row(each) for each in shown)
    return (
        f'<!doctype html>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
        f"<h1>{escape(title)}</h1>\n<table>\n<tr><th>label<th>text<th>path\n{rows}\n</table>\n"
    ).encode()


def _row(each: Shown) -> str:
    content = text.decoded(each.data, each.row["mode"])
    if len(content) > LONGEST:
        content = f"{content[:LONGEST]}… ({len(content):,} characters)"
    return f'<tr><td>{escape(each.caption)}<td dir="auto">{escape(content)}<td>{escape(each.row["paths"][0])}'
