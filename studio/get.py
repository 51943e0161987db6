"""`dailies model get`: the weights of a version, out of the cache or the remote."""

from pathlib import Path

from project import layout
from project.errors import UsageError
from registry import fetching, promotion, tags
from studio.answer import Answer
from studio.writing import written


def get(reference: str, output: Path, *, link: bool) -> Answer:
    """Fill the new folder `output` with the weights of a version, whole or not at all."""
    root = layout.find()
    version = tags.find(root, reference)
    promotion.verify(root, version, tags.stage_of(reference, version))
    out = output.resolve()
    md5 = fetching.weights(root, version)
    with written(out):
        if out.exists():
            if not out.is_dir() or any(out.iterdir()):
                raise UsageError(f"{out} exists and is not an empty folder; name a new one")
            out.rmdir()
        files = fetching.deliver(root, md5, out, link=link)
    sizes = {name: (out / name).stat().st_size for name in files}
    width = max(len(name) for name in files)
    lines = [f"{version.tag} is in {out}, {len(files)} files, checked by hash"]
    lines += [f"  {name.ljust(width)}  {sizes[name]:>12,} bytes  {files[name]}" for name in sorted(files)]
    data = {"model": version.name, "version": version.version, "tag": version.tag, "folder": str(out)}
    return Answer({**data, "weights": md5, "files": files}, "\n".join(lines))
