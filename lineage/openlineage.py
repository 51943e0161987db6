"""A version as OpenLineage events (https://openlineage.io/spec/2-0-2/OpenLineage.json): a job a verb, a run each.

Events say what ran, when, of what and to what; they can be sent to any server that takes OpenLineage.
"""

import uuid
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
VERSION_FACET = (
    "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
)
PRODUCER = "urn:dailies:lineage"
NAMESPACE = "dailies"


def events(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """START and COMPLETE of each verb that made a version, from what `lineage.tree` tells of it."""
    model, source = tree["version"].partition("@")[0], tree["assets"]["source"]
    assets = _dataset(f"data/assets/{source}", tree["assets"]["md5"])
    samples = _dataset(f"data/shards/{model}", tree["samples"]["md5"])
    weights = _dataset(f"data/weights/{model}", tree["weights"]["md5"])
    run = tree["run"]
    times = {"START": run.get("started") or tree["made"], "COMPLETE": run.get("finished") or tree["made"]}
    known = [
        ("ingest", source, [_dataset(f"source/{source}", tree["source"].get("state"))], [assets]),
        ("augment", model, [assets], [samples]),
        ("train", model, [samples, *_began(tree["weights"]["began_with"])], [weights]),
    ]
    return [
        _event(kind, time, f"{verb}@{name}", f"{run.get('run', tree['version'])} {verb}", inputs, outputs)
        for verb, name, inputs, outputs in known
        if name
        for kind, time in times.items()
    ]


def _began(start: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The weights that training began with, under the name of each version that has them."""
    if start is None:
        return []
    models = sorted({tag.partition("@")[0] for tag in start["versions"]})
    return [_dataset(f"data/weights/{model}", start["md5"]) for model in models]


def _event(
    kind: str, time: str, job: str, run: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": time,
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PRODUCER}:{run}"))},
        "job": {"namespace": NAMESPACE, "name": job},
        "inputs": inputs,
        "outputs": outputs,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
    }


def _dataset(name: str, version: str | None) -> dict[str, Any]:
    """A data set at one of its states."""
    facet = {"_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": version}
    return {"namespace": NAMESPACE, "name": name, **({"facets": {"version": facet}} if version else {})}
