"""Tar files as WebDataset reads them: `<id>.<suffix>` holds an asset, `<id>.json` what the catalog says of it.

https://github.com/webdataset/webdataset: files of one sample stand next to each other and share their name up to the first
dot. Assets are in order of their id, which mixes the labels. Times, owners and modes are the same for all.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from media.catalog import Row
from media.exports import suffix

LARGEST_BYTES = 1_000_000_000
"""No tar file is larger, unless a single asset is."""
LEFT_OUT = {"status", "reason", "conflicts", "fingerprint"}
TOLD = ".json"


def write(
    folder: Path, name: str, rows: Sequence[Row], contents: Iterable[bytes], largest_bytes: int = LARGEST_BYTES
) -> list[str]:
    """`<name>-000000.tar` and on. A place is the tar file and the member."""
    waiting = iter(contents)
    places = []
    for number, run in enumerate(_divided(rows, largest_bytes)):
        path = folder / f"{name}-{number:06d}.tar"
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in run:
                member = _member(row)
                _add(tar, member, next(waiting))
                _add(tar, row["asset_id"] + TOLD, _told(row))
                places.append(f"{path.name}/{member}")
    return places


def _divided(rows: Sequence[Row], largest_bytes: int) -> Iterator[list[Row]]:
    """Rows in runs that fit into one file each."""
    run: list[Row] = []
    size = tarfile.RECORDSIZE
    for row in rows:
        needed = _blocks(row["bytes"]) + _blocks(len(_told(row)))
        if run and size + needed > largest_bytes:
            yield run
            run, size = [], tarfile.RECORDSIZE
        run.append(row)
        size += needed
    if run:
        yield run


def _blocks(size: int) -> int:
    """What a member of that size takes, with its header."""
    return tarfile.BLOCKSIZE * (1 + -(-size // tarfile.BLOCKSIZE))


def _member(row: Row) -> str:
    ending = suffix(row)
    return f"{row['asset_id']}{f'.data{ending}' if ending == TOLD else ending}"


def _told(row: Row) -> bytes:
    told = {key: value for key, value in row.items() if key not in LEFT_OUT and value not in (None, "", [])}
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = len(data), 0o644, 0
    tar.addfile(header, io.BytesIO(data))
