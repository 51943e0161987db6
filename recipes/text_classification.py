"""Text classification: which of the known classes is this text?

source   any folder of texts with one folder a class, or lines with a label; Stanford Sentiment Treebank, two classes
         (9,613 sentences, UNSTATED); TREC questions, six types (5,952, UNSTATED)
network  n-grams (default), CNN, BiLSTM or transformer over vectors of words that are learnt here
expects  reviews: accuracy 0.808 to 0.813 (seeds 1 to 3; CNN, 842 k weights) on the 1,821 official test sentences
         questions: accuracy 0.884 to 0.886 (seeds 1 to 3; CNN, 256 k weights) on the 500 official test questions
         each 11 s of one core of an AMD EPYC, 30 to 45 s beside other work
paper    Joulin et al. 2016, Bag of Tricks for Efficient Text Classification; Kim 2014, Convolutional Neural Networks for
         Sentence Classification
run      dailies run reviews
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from media import text, utf8, words
from media.operations.text import OPERATIONS
from models.settings import Training, setting
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    network: str = setting("ngrams", choices=("ngrams", "cnn", "lstm", "transformer"))
    width: int = setting(64, low=4, high=1024, unit="numbers of a word's vector")
    dropout: float = setting(0.3, low=0, high=0.9)
    word_dropout: float = setting(0.1, low=0, high=0.9, unit="probability for each word, while training")
    vocabulary: int = setting(30_000, low=2, high=1_000_000, unit="words at most", shapes_data=True)
    at_least: int = setting(2, low=1, high=1000, unit="times that a word occurs in training texts", shapes_data=True)
    longest: int = setting(400, low=1, high=10_000, unit="words of a text that are read", shapes_data=True)
    epochs: int = setting(10, low=1, high=10_000)
    batch: int = setting(64, low=1, high=65_536, unit="samples")
    rate: float = setting(0.003, low=0, high=10)


def learn(samples: Iterable[Mapping[str, Any]], settings: Settings) -> Mapping[str, Any]:
    texts = (utf8.from_bytes(sample["text"]) for sample in samples)
    return {"words": words.vocabulary(texts, most=settings.vocabulary, at_least=settings.at_least)}


def encode(sample: Mapping[str, Any], settings: Settings, learnt: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**sample, "words": words.numbers(utf8.from_bytes(sample["text"]), learnt["words"], settings.longest)}


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import networks

    return networks.build(settings.network, settings, facts, "text")


def fit(job: Any) -> Any:
    from functools import partial

    from models import batches, fit, losses

    loss = partial(losses.cross_entropy, field="words")
    return fit.supervised(job, loss=loss, batches=batches.by_length("words"))


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import telling

    return telling.classification(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import telling_pictures

    return telling_pictures.classification(outcome, facts)


def explain(net: Any, samples: Any, outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import explanation_pictures, explanations

    found = explanations.texts(net, samples, outcome, facts, lambda text: words.split(utf8.from_bytes(text)))
    return explanation_pictures.texts(found)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import evaluate

    return evaluate.classify(net, sample, facts, field="words")


recipe = Recipe(
    kind="text",
    settings=Settings,
    fields=lambda s: {"text": utf8.field(), "words": words.field()},
    read=lambda data, row, s: {"text": utf8.to_bytes(text.decoded(data, row["mode"]))},
    augment=OPERATIONS,
    learn=learn,
    encode=encode,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    explain=explain,
    predict=predict,
    parts=lambda s: (f"models.networks.text.{s.network}",),
    inputs=lambda s: ("words",),
    search=("rate", "batch", "dropout", "word_dropout", "width"),
)
