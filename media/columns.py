"""Arrays in a file: one Arrow record batch, uncompressed, so that each column is a view of the mapped file."""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pyarrow as pa


def write(path: Path, columns: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write arrays with the same first axis; a sample may be a number, a text of fixed length (S) or an array."""
    arrays = {name: _to_arrow(np.ascontiguousarray(column)) for name, column in columns.items()}
    fields = [
        pa.field(name, array.type, False, {"shape": json.dumps(columns[name].shape[1:])})
        for name, array in arrays.items()
    ]
    schema = pa.schema(fields, dict(metadata))
    with path.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.record_batch(list(arrays.values()), schema=schema))


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, read-only and memory-mapped."""
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    return {field.name: _to_numpy(field, batch.column(i), batch.num_rows) for i, field in enumerate(batch.schema)}


def metadata(path: Path) -> dict[str, str]:
    """What was noted when the file was written."""
    noted = pa.ipc.open_file(pa.memory_map(str(path))).schema.metadata or {}
    return {key.decode(): value.decode() for key, value in noted.items()}


def _to_arrow(column: np.ndarray) -> pa.Array:
    count, *shape = column.shape
    if column.dtype.kind == "S":
        kind = pa.binary(column.dtype.itemsize)
        return pa.FixedSizeBinaryArray.from_buffers(kind, count, [None, pa.py_buffer(column)])
    values = pa.array(column.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, prod(shape)) if shape else values


def _to_numpy(field: pa.Field, array: pa.Array, count: int) -> np.ndarray:
    if pa.types.is_fixed_size_binary(field.type):
        return np.frombuffer(array.buffers()[1], f"S{field.type.byte_width}", count)
    values = array.values if pa.types.is_fixed_size_list(field.type) else array
    shape = json.loads(field.metadata[b"shape"])
    return values.to_numpy(zero_copy_only=True).reshape(count, *shape)
