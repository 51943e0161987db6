"""A graph as text for other programs: Mermaid and Graphviz's dot."""

from lineage.graph import Graph, Node

SHAPES = {"assets": "cylinder", "samples": "folder", "version": "box", "more": "plaintext", "stage": "ellipse"}
BRACKETS = {"assets": "[({})]", "samples": "[/{}/]", "version": "[{}]", "more": "[{}]", "stage": "([{}])"}


def mermaid(graph: Graph) -> str:
    """A flowchart, as https://mermaid.js.org reads it and code hosts draw it."""
    number = {name: f"n{place}" for place, name in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node in graph.nodes.values():
        text = '"' + "<br/>".join(_plain(part) for part in (node.name, node.said) if part) + '"'
        lines.append(f"    {number[node.id]}{BRACKETS[node.kind].format(text)}")
    lines += [f"    {number[start]} -->|{verb}| {number[end]}" for start, end, verb in graph.ordered()]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Without what Mermaid would take for its own, `#` first: it begins an entity."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def dot(graph: Graph) -> str:
    """A digraph, for `dot -Tsvg`."""
    nodes = [
        f"  {_quoted(node.id)} [label={_quoted(_label(node))}, shape={SHAPES[node.kind]}];"
        for node in graph.nodes.values()
    ]
    edges = [f"  {_quoted(start)} -> {_quoted(end)} [label={_quoted(verb)}];" for start, end, verb in graph.ordered()]
    return "\n".join(["digraph lineage {", "  rankdir=LR;", *nodes, *edges, "}"])


def _label(node: Node) -> str:
    return "\n".join(part for part in (node.name, node.said) if part)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
