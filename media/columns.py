"""Arrays in a file: one Arrow record batch, uncompressed, so that each column is a view of the mapped file.

A ragged column is a list with 64-bit offsets; its first axis is null in the shape that the field's metadata gives.
"""

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
import pyarrow as pa

from media.ragged import Ragged

Column = np.ndarray | Ragged


def write(path: Path, columns: Mapping[str, Column], metadata: Mapping[str, str]) -> None:
    """Write arrays with the same first axis; a sample may be a number, a text of fixed length (S) or an array."""
    arrays = {name: _to_arrow(column) for name, column in columns.items()}
    fields = [
        pa.field(name, array.type, False, {"shape": json.dumps(_shape(columns[name]))})
        for name, array in arrays.items()
    ]
    schema = pa.schema(fields, dict(metadata))
    with path.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(pa.record_batch(list(arrays.values()), schema=schema))


def read(path: Path) -> dict[str, Column]:
    """The arrays of a file, read-only and memory-mapped."""
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    return {field.name: _to_numpy(field, batch.column(i), batch.num_rows) for i, field in enumerate(batch.schema)}


def metadata(path: Path) -> dict[str, str]:
    """What was noted when the file was written."""
    noted = pa.ipc.open_file(pa.memory_map(str(path))).schema.metadata or {}
    return {key.decode(): value.decode() for key, value in noted.items()}


def _shape(column: Column) -> tuple[int | None, ...]:
    """The shape of one sample."""
    return (None, *column.values.shape[1:]) if isinstance(column, Ragged) else column.shape[1:]


def _to_arrow(column: Column) -> pa.Array:
    if isinstance(column, Ragged):
        each = prod(column.values.shape[1:])
        return pa.LargeListArray.from_arrays(pa.array(column.starts * each), pa.array(column.values.reshape(-1)))
    column = np.ascontiguousarray(column)
    count, *shape = column.shape
    if column.dtype.kind == "S":
        kind = pa.binary(column.dtype.itemsize)
        return pa.FixedSizeBinaryArray.from_buffers(kind, count, [None, pa.py_buffer(column)])
    values = pa.array(column.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, prod(shape)) if shape else values


def _to_numpy(field: pa.Field, array: pa.Array, count: int) -> Column:
    shape = json.loads(field.metadata[b"shape"])
    if pa.types.is_fixed_size_binary(field.type):
        return np.frombuffer(array.buffers()[1], f"S{field.type.byte_width}", count)
    if pa.types.is_large_list(field.type):
        values, starts = (each.to_numpy(zero_copy_only=True) for each in (array.values, array.offsets))
        return Ragged(values.reshape(-1, *shape[1:]), starts // prod(shape[1:]))
    values = array.values if pa.types.is_fixed_size_list(field.type) else array
    return values.to_numpy(zero_copy_only=True).reshape(count, *shape)
