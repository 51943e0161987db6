"""Export to ONNX: the file answers as the network does, or is not written."""

import json
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from twins import card, job, shards

from models import networks
from project.errors import DailiesError, UsageError
from steps import export

PARTS = [
    ("sound_classification", {"network": name}) for name in networks.names() if name not in ("residual", "separable")
] + [("text_classification", {"network": name}) for name in ("ngrams", "cnn", "transformer")]


def prepared(folder: Path, name: str, **given: Any) -> tuple[Path, Path]:
    """Weights that have learnt nothing, and shards."""
    samples = shards(name, folder)
    return card(name, job(name, samples, **given), folder / "weights"), folder / "shards"


@pytest.mark.parametrize(
    ("name", "given"), [*PARTS, ("face_recognition", {}), ("game_agent", {"planning": 4})], ids=str
)
def test_the_file_answers_as_the_network_does(tmp_path: Path, name: str, given: dict[str, Any]) -> None:
    weights, made = prepared(tmp_path, name, **given)
    export.main(f"{name}@v1.0.0", weights, made, tmp_path / "model.onnx", tmp_path / "result.json")
    told = json.loads((tmp_path / "result.json").read_text())
    assert told["difference"] < 1e-4 and told["compared"].endswith(" validation samples")
    about = {each.key: each.value for each in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert about["model"] == f"{name}@v1.0.0" and json.loads(about["classes"]) is not None
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == list(told["inputs"])
    if name == "text_classification":
        assert "lovely" in json.loads(about["learnt"])["words"]


def test_a_file_of_other_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights, made = prepared(tmp_path, "sound_classification")
    right = export.exported

    def wrong(tag: str, net: Any, *rest: Any) -> bytes:
        data = right(tag, net, *rest)
        with torch.no_grad():
            next(net.parameters()).mul_(1.5)
        return data

    monkeypatch.setattr(export, "exported", wrong)
    with pytest.raises(DailiesError, match=r"a@v1\.0\.0 in ONNX answers otherwise by up to .* nothing is written"):
        export.main("a@v1.0.0", weights, made, tmp_path / "model.onnx", tmp_path / "result.json")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("name", ["recommendation", "speech_to_text"])
def test_what_takes_more_than_one_pass_is_one_line(name: str, tmp_path: Path) -> None:
    weights, made = prepared(tmp_path, name)
    with pytest.raises(UsageError, match=rf"cannot be exported: an answer of {name} takes more than one pass"):
        export.main("a@v1.0.0", weights, made, tmp_path / "model.onnx", tmp_path / "result.json")


def test_a_network_without_a_form_is_one_line(tmp_path: Path) -> None:
    weights, made = prepared(tmp_path, "text_classification", network="lstm")
    with pytest.raises(UsageError, match=r"its network \(lstm\) has no form in ONNX"):
        export.main("a@v1.0.0", weights, made, tmp_path / "model.onnx", tmp_path / "result.json")
