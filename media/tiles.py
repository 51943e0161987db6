"""A page of small pictures, each with a caption below it, as a PNG."""

import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from media.catalog import Row
from media.sheets import Shown

MARGIN_PX, GAP_PX = 16, 8
FONT_PX, TITLE_PX = 12, 16
LINE_PX = 16
WIDEST_PX = 1440
PAPER, INK, PALE = "#ffffff", "#1a1a1a", "#6a6a6a"


@dataclass(frozen=True, slots=True)
class Tile:
    """`pixels` is uint8, (height, width, 3); all tiles of a page have one shape, and as many lines of text below."""

    pixels: np.ndarray
    lines: tuple[str, ...]


Seen = Callable[[bytes, Row], tuple[np.ndarray, str]]
"""What is to be seen of an asset, given as its bytes and its row: pixels, and facts in a few words."""


def sheet(title: str, shown: Sequence[Shown], seen: Seen) -> bytes:
    """A page with each asset, its caption, name and facts."""
    tiles = []
    for each in shown:
        pixels, facts = seen(each.data, each.row)
        tiles.append(Tile(pixels, (each.caption, PurePosixPath(each.row["paths"][0]).name, facts)))
    return page(title, tiles)


def page(title: str, tiles: Sequence[Tile]) -> bytes:
    """The tiles in rows, in their order."""
    height, width = tiles[0].pixels.shape[:2] if tiles else (0, 0)
    lines = len(tiles[0].lines) if tiles else 0
    columns = max(1, min(len(tiles), (WIDEST_PX - 2 * MARGIN_PX + GAP_PX) // (width + GAP_PX)))
    step_x, step_y = width + GAP_PX, height + lines * LINE_PX + GAP_PX
    top = MARGIN_PX + TITLE_PX + GAP_PX
    room = 2 * MARGIN_PX + max(columns * step_x - GAP_PX, int(_font(TITLE_PX).getlength(title)))
    sheet = Image.new("RGB", (room, top + -(-len(tiles) // columns) * step_y + MARGIN_PX), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN_PX, MARGIN_PX), title, INK, _font(TITLE_PX))
    for number, tile in enumerate(tiles):
        x, y = MARGIN_PX + number % columns * step_x, top + number // columns * step_y
        sheet.paste(Image.fromarray(tile.pixels), (x, y))
        for place, line in enumerate(tile.lines):
            ink = PALE if place else INK
            pen.text((x, y + height + 2 + place * LINE_PX), _fitted(line, width), ink, _font(FONT_PX))
    return png(sheet)


def png(image: Image.Image) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _fitted(text: str, width: int) -> str:
    """The text, or as much of its beginning as goes into `width` px."""
    text = " ".join(text.split())
    if _font(FONT_PX).getlength(text) <= width:
        return text
    while text and _font(FONT_PX).getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


@functools.cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along: Latin, Greek, Cyrillic, Arabic and more, but no Chinese or Japanese."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size_px)
