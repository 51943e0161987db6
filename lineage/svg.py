"""A graph as a picture: what things are made of on the left, what is made of them on the right."""

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from lineage.graph import Graph, Node

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 250, 46, 100, 18, 20  # px
MOST_LETTERS = 38
COLOURS = {
    "assets": ("#e8f0e4", "#5b7f4b"),
    "samples": ("#e4edf6", "#3f6d9e"),
    "version": ("#fdf3dc", "#a87b1c"),
    "more": ("#f6f6f6", "#888888"),
    "stage": ("#f9e3e1", "#b0483d"),
}
"""Kind → fill and line; the text is nearly black, so the contrast is above 7 to 1."""


def svg(graph: Graph, title: str) -> str:
    """A whole SVG document."""
    places = _places(graph)
    width = max(x for x, _ in places.values()) + WIDTH + MARGIN
    height = max(y for _, y in places.values()) + HEIGHT + MARGIN
    edges = [_edge(places[start], places[end], verb) for start, end, verb in sorted(graph.edges)]
    nodes = [_box(node, *places[node.id]) for node in graph.nodes.values()]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' role="img" font-family="system-ui, sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *edges,
            *nodes,
            "</svg>",
        ]
    )


def _places(graph: Graph) -> dict[str, tuple[int, int]]:
    """Node → its upper left corner. A column is the longest way from anything that nothing here was made into."""
    columns: dict[int, list[str]] = defaultdict(list)
    for name, column in _columns(graph).items():
        columns[column].append(name)
    most = max(map(len, columns.values()))
    places = {}
    for column, names in columns.items():
        top = MARGIN + (most - len(names)) * (HEIGHT + GAP_Y) // 2
        for row, name in enumerate(names):
            places[name] = (MARGIN + column * (WIDTH + GAP_X), top + row * (HEIGHT + GAP_Y))
    return places


def _columns(graph: Graph) -> Mapping[str, int]:
    columns = dict.fromkeys(graph.nodes, 0)
    for _ in graph.nodes:  # the longest way has no more edges than there are nodes
        moved = False
        for start, end, _ in graph.edges:
            if columns[end] <= columns[start]:
                columns[end], moved = columns[start] + 1, True
        if not moved:
            break
    return columns


def _edge(start: tuple[int, int], end: tuple[int, int], verb: str) -> str:
    x, y = start[0] + WIDTH, start[1] + HEIGHT // 2
    to_x, to_y = end[0], end[1] + HEIGHT // 2
    middle = (x + to_x) // 2
    line = f'<path d="M{x},{y} C{middle},{y} {middle},{to_y} {to_x - 6},{to_y}" fill="none" stroke="#777777"/>'
    head = f'<path d="M{to_x - 7},{to_y - 4} L{to_x},{to_y} L{to_x - 7},{to_y + 4} z" fill="#777777"/>'
    label = f'<text x="{middle}" y="{(y + to_y) // 2 - 5}" font-size="11" fill="#444444" text-anchor="middle"'
    label += ' stroke="#ffffff" stroke-width="4" paint-order="stroke">'
    return f"{line}{head}{label}{escape(verb)}</text>"


def _box(node: Node, x: int, y: int) -> str:
    fill, line = COLOURS[node.kind]
    rows = [row for row in (node.name, node.said) if row]
    texts = "".join(
        f'<text x="{x + 10}" y="{y + 28 - 9 * (len(rows) - 1) + 18 * number}" font-size="{13 - number}"'
        f' fill="#1c1c1c">{escape(_short(row))}</text>'
        for number, row in enumerate(rows)
    )
    whole = escape(" · ".join([*rows, node.id]))
    return (
        f'<g><title>{whole}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}"'
        f' stroke="{line}"/>{texts}</g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
