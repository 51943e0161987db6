"""Export trained weights to ONNX: `python -m steps.export TAG WEIGHTS SHARDS FILE RESULT`.

The file is written only after its answers were held against the network's own, on validation samples. Beside the graph
it holds, as metadata, what a program needs to ask it: classes, fields, and what was learnt of the training samples, such
as a vocabulary. RESULT gets what a person should know.
"""

import importlib.util
import json
import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from media.shards import Shards
from models import device
from models.data import Samples
from project import layout
from project.errors import DailiesError, UsageError
from steps.command import run
from steps.train import trained

OUTPUT = "output"
COMPARED, AT_ONCE = 256, 32
"""Samples on which the answers are compared, and how many of them together."""
TOLERANCE = 1e-4
"""Largest difference, as a share of the largest answer: float32 sums in another order give about 1e-6."""


def main(tag: str, weights: Path, shards: Path, file: Path, result: Path) -> None:
    """Write FILE and RESULT. Raises UsageError for a model that is no function of tensors, DailiesError when the file
    answers otherwise than the network."""
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{', '.join(missing)}: not installed; run: pip install --constraint constraints.txt --editable '.[onnx]'"
        )
    recipe, settings, net, card = trained(weights)
    fields = recipe.inputs(settings)
    if not fields:
        raise UsageError(
            f"{tag} cannot be exported: an answer of {card['recipe']} takes more than one pass through a network; "
            "ask it with: dailies predict"
        )
    found = Shards(shards)
    split = next((name for name in ("validation", "train") if len(found.split(name))), "")
    if not split:
        raise UsageError(f"{tag} has no samples to compare answers on; make a version that has: dailies run")
    samples = found.split(split)
    data = exported(tag, net, samples, fields, card)
    difference, largest = parity(data, net, samples, fields)
    if difference > TOLERANCE * max(1.0, largest):
        raise DailiesError(
            f"{tag} in ONNX answers otherwise by up to {difference:.2g} (answers are up to {largest:.2g}): must be at most "
            f"{TOLERANCE:g} of that; nothing is written"
        )
    layout.write_bytes(file, data)
    told = {"inputs": {name: _shape(samples, name) for name in fields}, "output": _answer_shape(net, samples, fields)}
    compared = {"compared": f"{min(COMPARED, len(samples))} {split} samples", "difference": difference}
    layout.write_json(result, {"bytes": len(data), **told, **compared})


def exported(tag: str, net: Any, samples: Samples, fields: Sequence[str], card: Mapping[str, Any]) -> bytes:
    """The network as an ONNX file, for batches and sequences of any length. Raises UsageError where it has no such form."""
    device.prepare()
    asked = tuple(torch.from_numpy(array) for array in _taken(samples, np.arange(min(2, len(samples))), fields))
    ragged = [name for name in fields if _is_ragged(samples, name)]
    free = tuple(dict.fromkeys(range(1 + (name in ragged)), torch.export.Dim.DYNAMIC) for name in fields)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program: Any = torch.onnx.export(
                net.cpu().eval(),
                asked,
                dynamo=True,
                input_names=list(fields),
                output_names=[OUTPUT],
                dynamic_shapes=free,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise UsageError(
                f"{tag} cannot be exported: its network ({card['settings'].get('network', card['recipe'])}) has no form "
                f"in ONNX that torch can find ({type(error.__cause__ or error).__name__}); choose another network"
            ) from None
    model = program.model_proto
    about = {
        "model": tag,
        "recipe": card["recipe"],
        **{name: card["facts"].get(name) for name in ("classes", "fields")},
    }
    for key, value in {**about, "learnt": card["facts"].get("learnt", {})}.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def parity(data: bytes, net: Any, samples: Samples, fields: Sequence[str]) -> tuple[float, float]:
    """Largest difference between the answers of the file and of the network, and the largest answer."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = device.threads()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    difference = largest = 0.0
    for start in range(0, min(COMPARED, len(samples)), AT_ONCE):
        arrays = _taken(samples, np.arange(start, min(start + AT_ONCE, COMPARED, len(samples))), fields)
        [said] = session.run(None, dict(zip(fields, arrays, strict=True)))
        with torch.inference_mode():
            own = net(*(torch.from_numpy(array) for array in arrays)).numpy()
        apart = np.abs(said - own).max()
        difference = float(max(difference, apart if np.isfinite(apart) else np.inf))
        largest = max(largest, float(np.abs(own).max()))
    return difference, largest


def _taken(samples: Samples, indices: np.ndarray, fields: Sequence[str]) -> list[np.ndarray]:
    taken = samples.take(indices)
    return [np.ascontiguousarray(taken[name]) for name in fields]


def _is_ragged(samples: Samples, name: str) -> bool:
    return f"{name}_length" in samples.take(np.zeros(1, np.int64))


def _shape(samples: Samples, name: str) -> str:
    [one] = _taken(samples, np.zeros(1, np.int64), [name])
    sides = ["length"] if _is_ragged(samples, name) else map(str, one.shape[1:])
    return f"{one.dtype} ({', '.join(['batch', *sides])})"


def _answer_shape(net: Any, samples: Samples, fields: Sequence[str]) -> str:
    with torch.inference_mode():
        said = net(*(torch.from_numpy(array) for array in _taken(samples, np.zeros(1, np.int64), fields)))
    return f"{str(said.dtype).removeprefix('torch.')} ({', '.join(['batch', *map(str, said.shape[1:])])})"


if __name__ == "__main__":
    places = [Path(place) for place in sys.argv[2:6]]
    run(lambda root, tag: main(tag, *places), verb="export")
