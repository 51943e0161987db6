"""Translation: the same sentence in another language.

source   any pairs of lines (format `pairs`); Multi30K, English captions of photos and their German translations
         (29,000 pairs to train on, 1,000 of test_2016_flickr; non-commercial research only)
network  transformer, normalised before each part, over pieces of words that both languages share; 1.9 M weights
expects  captions_de: bleu 36.9 on the 1,000 pairs of test_2016_flickr (seed 1), 35 min of one core of an AMD EPYC;
         35.6 after 15 minutes on two of them
paper    Vaswani et al. 2017, Attention Is All You Need; Sennrich et al. 2016, Subword Units
run      dailies run captions_de
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from media import subwords, text, utf8
from models.settings import Unclassed, setting
from project.errors import UsageError
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Unclassed):
    width: int = setting(160, low=32, high=1024, unit="channels, 32 a head of attention")
    layers: int = setting(3, low=1, high=12, unit="blocks that read, and as many that write")
    dropout: float = setting(0.1, low=0, high=0.9)
    pieces: int = setting(6_000, low=300, high=100_000, unit="pieces of words at most", shapes_data=True)
    longest: int = setting(200, low=1, high=2_000, unit="pieces of a sentence that are read", shapes_data=True)
    beams: int = setting(5, low=1, high=32, unit="beginnings kept while translating")
    epochs: int = setting(12, low=1, high=10_000)
    batch: int = setting(96, low=1, high=65_536, unit="pairs of mean length; more are taken where they are short")
    rate: float = setting(0.002, low=0, high=10)
    warmup: float = setting(0.1, low=0, high=1, unit="fraction of all steps")
    clip: float = setting(1.0, low=0, high=1e6, unit="gradient norm, 0 = off")
    label_smoothing: float = setting(0.1, low=0, high=0.9)
    average: float = setting(0.998, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")


def read(data: bytes, row: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    source, _, target = text.decoded(data, row["mode"]).partition("\n")
    if not source.strip() or not target.strip():
        raise ValueError("it is not a sentence and its translation on two lines; see format pairs")
    return {"source": source.strip(), "target": target.strip()}


def learn(samples: Iterable[Mapping[str, Any]], settings: Settings) -> Mapping[str, Any]:
    both = (side for sample in samples for side in (sample["source"], sample["target"]))
    tokenizer = subwords.learnt(both, settings.pieces)
    return {"tokenizer": tokenizer, "pieces": subwords.count(tokenizer)}


def encode(sample: Mapping[str, Any], settings: Settings, learnt: Mapping[str, Any]) -> Mapping[str, Any]:
    sides = {
        name: subwords.numbers(sample[name], learnt["tokenizer"], settings.longest) for name in ("source", "target")
    }
    return {**sides, "reference": utf8.to_bytes(sample["target"])}


def question(data: bytes, row: Mapping[str, Any], settings: Settings) -> Mapping[str, Any]:
    lines = [line.strip() for line in text.decoded(data, row["mode"]).split("\n") if line.strip()]
    if not lines:
        raise UsageError("the file has no line to translate")
    return {"lines": lines, "longest": settings.longest}


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import networks

    return networks.build("transformer", settings, facts, "translation")


def fit(job: Any) -> Any:
    from models import batches, fit, translation

    return fit.supervised(job, loss=translation.loss, batches=batches.by_budget("source", "target"), heavy=True)


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import translation

    return translation.evaluate(net, samples, lambda numbers: subwords.text(numbers, facts["learnt"]["tokenizer"]))


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import translation_pictures

    return translation_pictures.translation(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import translation

    tokenizer = facts["learnt"]["tokenizer"]
    told = []
    for line in sample["lines"]:
        found, likely = translation.search(net, subwords.numbers(line, tokenizer, sample["longest"])[None])
        told.append({"source": line, "translation": subwords.text(found[0], tokenizer), "confidence": float(likely[0])})
    return {"translations": told}


recipe = Recipe(
    kind="text",
    settings=Settings,
    fields=lambda s: {"source": subwords.field(), "target": subwords.field(), "reference": utf8.field()},
    read=read,
    augment=(),
    learn=learn,
    encode=encode,
    question=question,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    predict=predict,
    parts=lambda s: ("models.networks.translation.transformer",),
    search=("rate", "dropout", "label_smoothing"),
)
