"""Pictures of lineage, and events that other tools read."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from test_lineage_trace import SIZE, ask

from benchmarks.synthetic_history import Workspace
from lineage import drawn, graph, index, openlineage, standing, svg, tree
from lineage.graph import Graph, Node
from registry import tags

ODD = 'a "quoted" <name> & #1'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("past") / "workspace", SIZE)
    workspace.starts = {6: 2, 10: 6}
    workspace.fill()
    return workspace.folder


def around(root: Path, name: str, hops: int) -> Graph:
    with index.opened(root) as db:
        lines = standing.lines(db)
        return graph.around(db, tags.standing(lines), tags.find_in(lines, name), hops)


def test_two_hops_reach_the_assets_and_the_stage(root: Path) -> None:
    one, two = (around(root, "m00", hops) for hops in (1, 2))
    assert sorted(node.kind for node in one.nodes.values()) == ["samples", "stage", "version", "version"]
    assert {node.kind for node in two.nodes.values()} == {"assets", "samples", "stage", "version"}
    assert {verb for _, _, verb in two.edges} == {"augment", "train", "promote", "begin with"}
    assert {node.name for node in two.nodes.values() if node.kind == "version"} == {
        "m00@v0.5.0", "m00@v0.4.0", "m00@v0.3.0", "m00@v0.1.0",
    }  # fmt: skip
    assert all(start in two.nodes and end in two.nodes for start, end, _ in two.edges)


def test_the_picture_is_well_formed_and_holds_every_node(root: Path) -> None:
    found = around(root, "m00", 4)
    picture = ElementTree.fromstring(svg.svg(found, ODD))
    name = "{http://www.w3.org/2000/svg}"
    assert picture.findtext(f"{name}title") == ODD
    boxes = [box.find(f"{name}rect") for box in picture.findall(f"{name}g")]
    assert len(boxes) == len(found.nodes)
    places = [(int(box.attrib["x"]), int(box.attrib["y"])) for box in boxes if box is not None]
    assert len(set(places)) == len(places)
    assert all(x + svg.WIDTH <= int(picture.attrib["width"]) for x, _ in places)
    assert all(y + svg.HEIGHT <= int(picture.attrib["height"]) for _, y in places)


def test_what_is_made_stands_to_the_right(root: Path) -> None:
    found = around(root, "m00", 3)
    places = svg._places(found)
    assert all(places[start][0] < places[end][0] for start, end, _ in found.edges)


def test_odd_names_break_no_format() -> None:
    nodes = {"a": Node("a", "assets", ODD, ODD), '"b"': Node('"b"', "samples", ODD)}
    odd = Graph(nodes, {("a", '"b"', "augment")})
    ElementTree.fromstring(svg.svg(odd, ODD))
    assert "<name>" not in drawn.mermaid(odd) and "#1" not in drawn.mermaid(odd).replace("#35;1", "")
    assert '\\"quoted\\"' in drawn.dot(odd)


def test_dot_and_mermaid_name_each_edge(root: Path) -> None:
    found = around(root, "m00", 3)
    lines = drawn.dot(found).splitlines()
    assert sum(" -> " in line for line in lines) == len(found.edges)
    assert sum("shape=" in line for line in lines) == len(found.nodes)
    assert drawn.mermaid(found).count("-->") == len(found.edges)


def told(root: Path, name: str) -> list[dict[str, Any]]:
    with index.opened(root) as db:
        return openlineage.events(tree.of(root, db, tags.find_in(standing.lines(db), name)))


def test_events_are_what_the_official_client_writes(root: Path) -> None:
    """The client's classes check times, run ids and URIs; what they write out again must be what we wrote."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
    from openlineage.client.serde import Serde

    events = told(root, "m00")
    assert [(event["job"]["name"], event["eventType"]) for event in events] == [
        (job, kind) for job in ("ingest@s00", "augment@m00", "train@m00") for kind in ("START", "COMPLETE")
    ]

    def data(kind: Any, each: dict[str, Any]) -> Any:
        facets = {
            name: DatasetVersionDatasetFacet(facet["datasetVersion"], producer=facet["_producer"])
            for name, facet in each.get("facets", {}).items()
        }
        return kind(each["namespace"], each["name"], facets=facets)

    for event in events:
        written = RunEvent(
            eventTime=event["eventTime"],
            eventType=RunState[event["eventType"]],
            run=Run(event["run"]["runId"]),
            job=Job(event["job"]["namespace"], event["job"]["name"]),
            inputs=[data(InputDataset, each) for each in event["inputs"]],
            outputs=[data(OutputDataset, each) for each in event["outputs"]],
            producer=event["producer"],
        )
        assert _without_empty(json.loads(Serde.to_json(written))) == _without_empty(event)


def _without_empty(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_empty(value) for name, value in sorted(content.items()) if value not in ({}, [], None)}
    return [_without_empty(each) for each in content] if isinstance(content, list) else content


def test_a_warm_start_is_an_input_of_the_training(root: Path) -> None:
    train = told(root, "m00@v0.3.0")[-1]
    assert train["job"]["name"] == "train@m00"
    assert [each["name"] for each in train["inputs"]] == ["data/shards/m00", "data/weights/m00"]


def test_graph_as_a_command(root: Path, tmp_path: Path) -> None:
    code, said = ask(root, "graph", "m00", "-o", str(tmp_path / "it.svg"))
    assert code == 0 and len(said["nodes"]) == len(around(root, "m00", 2).nodes)
    ElementTree.fromstring((tmp_path / "it.svg").read_text())
    assert len(ask(root, "graph", "m00", "--format", "openlineage")[1]["events"]) == 6
    for odd in (["nobody"], ["m00", "--hops", "0"], ["m00", "--format", "png"]):
        assert ask(root, "graph", *odd)[0] == 2
