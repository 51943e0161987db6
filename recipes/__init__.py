"""A recipe names the parts of one system; every file in this folder is one.

Importing a recipe must not import torch: ingest, augment and `params check` need its settings and readers only.
Parts that learn import models/ inside their function, and the plan follows those imports for the steps that learn.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.sample import Field, Operation
from media.units import Rows, Sample, Unit, as_it_is, only, whole
from models.settings import Training
from project.errors import UsageError
from project.params import listing


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One system, as its parts.

    kind      media kind of its assets, or settings → kind where one recipe learns from several
    settings  frozen dataclass of every hyper-parameter
    fields    settings → what one sample holds: name → dtype and shape; `label` is added from the catalog
    read      (asset bytes, its catalog row, settings) → what is in it, by name
    augment   operations that write variants of training samples, by their key in params.yaml
    net       (settings, facts) → torch module, not trained
    fit       models.fit.Job → models.fit.Fitted; trains `job.net` in place
    evaluate  (net, samples, facts) → models.outcome.Outcome: metrics and one row a sample; with `beside_training` also
              given the training samples, as a fourth argument
    show      outcome → pictures for the report
    explain   (net, samples, their outcome, facts) → pictures of why some of them were answered so, for the report
    predict   (net, sample, facts) → what the model says about one sample, ready for JSON; `files`, name → bytes, are
              what it made, and are written beside each other
    parts     settings → modules chosen by name at run time, for the plan
    inputs    settings → fields that `net(…)` turns into one tensor, batch first, so that it can be exported; none where
              answers take more than one pass through a network
    search    settings that `dailies tune` looks at where params.yaml names none

    A sample is what was read of one asset, unless the recipe says otherwise (see `media.shard_writer.Plan`):
    compose   (rows with their split, settings) → units: several assets a sample, or several samples an asset
    join      (what was read of each parent, the unit, settings) → one sample
    learn     (training samples, settings) → facts to encode with, such as a vocabulary
    encode    (sample after its variation, settings, learnt facts) → its fields

    generates  whether it makes new media, so that its assets must allow `ai_generative_training`

    `predict` is asked with files like the assets, unless the recipe says otherwise:
    asked_in  media kind of the files that it is asked with
    question  (bytes of such a file, what its probe found, settings) → the sample that `predict` gets
    """

    kind: str | Callable[[Any], str]
    settings: type[Training]
    fields: Callable[[Any], Mapping[str, Field]]
    read: Callable[[bytes, Mapping[str, Any], Any], Mapping[str, Any]]
    augment: Sequence[Operation]
    net: Callable[[Any, Mapping[str, Any]], Any]
    fit: Callable[[Any], Any]
    evaluate: Callable[..., Any]
    show: Callable[[Any, Mapping[str, Any]], Mapping[str, bytes]]
    predict: Callable[[Any, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
    parts: Callable[[Any], Sequence[str]] = lambda settings: ()
    inputs: Callable[[Any], Sequence[str]] = lambda settings: ()
    explain: Callable[[Any, Any, Any, Mapping[str, Any]], Mapping[str, bytes]] | None = None
    search: Sequence[str] = ("rate", "weight_decay", "batch")
    compose: Callable[[Rows, Any], Iterable[Unit]] = whole
    join: Callable[[Sequence[Sample], Unit, Any], Sample] = only
    learn: Callable[[Iterable[Sample], Any], Mapping[str, Any]] | None = None
    encode: Callable[[Sample, Any, Mapping[str, Any]], Sample] = as_it_is
    beside_training: bool = False
    generates: bool = False
    asked_in: str = ""
    question: Callable[[bytes, Mapping[str, Any], Any], Sample] | None = None

    def kind_for(self, settings: Any) -> str:
        """The media kind that a model with these settings learns from."""
        return self.kind if isinstance(self.kind, str) else self.kind(settings)

    def measure(self, net: Any, samples: Any, facts: Mapping[str, Any], training: Any) -> Any:
        """The outcome of `evaluate`, which gets the training samples where it asks for them."""
        return self.evaluate(net, samples, facts, *([training] if self.beside_training else []))


def names() -> list[str]:
    """All recipes: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str) -> Recipe:
    """The recipe of `recipes/<name>.py`. Raises UsageError that lists those there are."""
    if name not in names():
        raise UsageError(f"recipe {name!r} is not a file in recipes/; {listing(name, names())}")
    recipe: Recipe = importlib.import_module(f"recipes.{name}").recipe
    return recipe
