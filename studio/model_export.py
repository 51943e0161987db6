"""`dailies model export`: a registered model for programs that know nothing of Dailies."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from project import layout
from project.errors import BY_EXIT_CODE, DailiesError, UsageError
from registry import fetching, promotion, tags
from studio.answer import Answer
from studio.assets import size_of
from studio.writing import written

FORMS = ("onnx",)


def export(reference: str, form: str, output: Path | None) -> Answer:
    """Write the version to `output`, in the present folder by default. Raises UsageError, or what the export raised."""
    root = layout.find()
    if form not in FORMS:
        raise UsageError(f"--as is {form!r}: must be one of {', '.join(FORMS)}")
    version = tags.find(root, reference)
    file = (output or Path(f"{version.name}-{version.version}.{form}")).resolve()
    if file.exists():
        raise UsageError(f"{file} exists; name another with -o, or remove it")
    promotion.verify(root, version, tags.stage_of(reference, version))
    weights = fetching.folder_of(root, version)
    shards = fetching.folder(root, version.message["shards"], link=True)
    with tempfile.TemporaryDirectory() as folder:
        made, result = Path(folder) / "model", Path(folder) / "result.json"
        places = [str(place) for place in (weights, shards, made, result)]
        command = [sys.executable, "-m", "steps.export", version.tag, *places]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            said = [line.removeprefix("dailies: ") for line in done.stderr.strip().splitlines()]
            raise BY_EXIT_CODE.get(done.returncode, DailiesError)((said or ["nothing was written"])[-1])
        told = json.loads(result.read_text(encoding="utf-8"))
        with written(file):
            layout.write_bytes(file, made.read_bytes())
    lines = [f"{version.tag} in {file}, {size_of(told['bytes'])}"]
    lines += [f"  takes    {name}: {shape}" for name, shape in told["inputs"].items()]
    lines += [f"  gives    {told['output']}"]
    lines += [f"  differs  by {told['difference']:.1e} at most on {told['compared']}"]
    return Answer({"model": version.tag, "file": str(file), "form": form, **told}, "\n".join(lines))
