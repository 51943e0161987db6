"""Image classification: which of the known classes is in this picture?

source   any folder of pictures with one folder a class; handwritten digits of scikit-learn (1,797 scans, BSD-3-Clause);
         MNIST (70,000 pictures, UNSTATED)
network  plain CNN (default), residual or depthwise-separable; 36 k weights for digits, 140 k for mnist, 586 k for
         cifar10
expects  digits: accuracy >= 0.99 on 391 test scans (4 splits of the rest: 0.993 at least), 11 s,
         one core of an AMD EPYC
         mnist: accuracy 0.996 on the 10,000 official test pictures (seed 7), about 3 min on 2 idle cores of an AMD EPYC
         cifar10: accuracy 0.698 to 0.705 (seeds 7 to 9) on the 10,000 official test pictures, from 4,000 training pictures
paper    He et al. 2015, Deep Residual Learning; Howard et al. 2017, MobileNets, section 3.1
run      dailies run digits
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media import image
from models.settings import Training, setting
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    network: str = setting("cnn", choices=("cnn", "residual", "separable"))
    width: int = setting(32, low=4, high=512, unit="channels of the first layer")
    dropout: float = setting(0.1, low=0, high=0.9)
    size: int = setting(
        64, low=8, high=1024, unit="px, side of the square the picture is fitted into", shapes_data=True
    )
    colour: bool = setting(True, shapes_data=True)
    jitter_shift: float = setting(0.08, low=0, high=0.5, unit="fraction of the side, while training")
    jitter_rotate: float = setting(10.0, low=0, high=180, unit="degrees, while training")
    jitter_scale: float = setting(0.1, low=0, high=0.9, unit="fraction up or down, while training")
    jitter_flip: bool = setting(False)
    mixup: float = setting(0.0, low=0, high=10, unit="alpha of Beta(alpha, alpha), 0 = off")
    cutmix: float = setting(0.0, low=0, high=10, unit="alpha of Beta(alpha, alpha), 0 = off")
    # Chosen on held-out training data of both sets of digits, where they beat Training's defaults.
    epochs: int = setting(15, low=1, high=10_000)
    rate: float = setting(0.005, low=0, high=10)
    weight_decay: float = setting(0.02, low=0, high=1)
    label_smoothing: float = setting(0.05, low=0, high=0.9)
    average: float = setting(0.99, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import networks

    return networks.build(settings.network, settings, facts)


def fit(job: Any) -> Any:
    from models import fit, jitter, losses, mixing

    varied = jitter.chain(jitter.geometry(job.settings), mixing.images(job.settings, job.facts))
    return fit.supervised(job, loss=losses.cross_entropy, jitter=varied)


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import evaluate

    return evaluate.classification(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import pictures

    return pictures.classification(outcome, facts)


def explain(net: Any, samples: Any, outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import explanation_pictures, explanations

    return explanation_pictures.pictures(explanations.pictures(net, samples, outcome, facts))


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import evaluate

    return evaluate.classify(net, sample, facts)


recipe = Recipe(
    kind="image",
    settings=Settings,
    fields=image.fields,
    read=image.read,
    augment=image.OPERATIONS,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    explain=explain,
    predict=predict,
    parts=lambda s: (f"models.networks.{s.network}",),
    inputs=lambda s: ("image",),
    search=("rate", "weight_decay", "batch", "dropout", "width"),
)
