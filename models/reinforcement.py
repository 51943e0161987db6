"""Learning from reward. Killed at any point and started again, it ends with the same weights: on a CPU bit for bit.

Every epoch begins new episodes, so nothing of an environment needs to be kept: an epoch is a function of its number and
of what its learner keeps. A killed epoch is done again.
"""

import dataclasses
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from models import device, methods, weights
from models.checkpoint import Checkpoint, Keeper
from models.data import Samples
from models.job import Fitted, Job, identity
from models.state import Position
from project.errors import DailiesError

Validate = Callable[[nn.Module, Samples], float]
"""(network, validation samples) → how well it plays, from 0 to 1."""
BEST, LEARNER = "best/", "learner/"


def fit(job: Job, validate: Validate) -> Fitted:
    """Train `job.net` in place by the method of its settings. It ends with the weights of the epoch that plays the
    validation samples best, the last of several, or with its last weights when there are no such samples.

    `patience` counts epochs that play worse than the best. Raises DailiesError when the loss is not finite.
    """
    if len(job.train) == 0:
        raise DailiesError("there is no training sample; see the split section of the model")
    device.prepare("full", small=True)
    if job.start is not None:
        weights.warm_start(job.net, job.start)
    keeper = Keeper(job.checkpoints, identity(job) if job.checkpoints else "")
    learner = methods.load(job.settings.method).learner(job)  # type: ignore[attr-defined]
    position, best = _resume(keeper, learner)
    job.pace.begin(position.used_s)
    with device.deterministic():
        while not (job.pace.over(position.epoch) or _out_of_patience(job, position)):
            position, best = _epoch(job, learner, validate, position, best)
            if keeper.due() or job.pace.over(position.epoch):
                _keep(keeper, learner, position, best)
    if best:
        job.net.load_state_dict(best)
    job.net.eval()
    return Fitted(
        history=position.history,
        best_epoch=position.best_epoch,
        stopped_early=not job.pace.over(position.epoch),
    )


def _epoch(
    job: Job, learner: methods.Learner, validate: Validate, position: Position, best: Mapping[str, Tensor]
) -> tuple[Position, Mapping[str, Tensor]]:
    """Train one epoch and play the validation samples; where it is now, and the best weights so far."""
    job.net.train()
    measures = learner.epoch(position.epoch)
    after = dataclasses.replace(position, epoch=position.epoch + 1)
    row = job.pace.row(after.epoch) | {f"train_{name}": value for name, value in measures.items()}
    if len(job.validation):
        row["validation_score"] = validate(job.net.eval(), job.validation)
        if after.best_loss is None or -row["validation_score"] <= after.best_loss:
            after.best_epoch, after.best_loss = after.epoch, -row["validation_score"]
            best = {name: value.detach().clone() for name, value in job.net.state_dict().items()}
    after.history = [*position.history, row]
    after.used_s = job.pace.used_s
    told = {name: value for name, value in row.items() if name not in ("epoch", "minutes")}
    job.tick(job.pace.done(after.epoch), **told)
    return after, best


def _resume(keeper: Keeper, learner: methods.Learner) -> tuple[Position, Mapping[str, Tensor]]:
    kept = keeper.kept()
    if kept is None:
        return Position(), {}
    learner.load(_below(LEARNER, kept.tensors))
    return Position(**kept.position), _below(BEST, kept.tensors)


def _keep(keeper: Keeper, learner: methods.Learner, position: Position, best: Mapping[str, Tensor]) -> None:
    tensors = {f"{LEARNER}{name}": value for name, value in learner.tensors().items()}
    tensors |= {f"{BEST}{name}": value for name, value in best.items()}
    keeper.keep(Checkpoint(tensors, dataclasses.asdict(position)))


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _out_of_patience(job: Job, position: Position) -> bool:
    patience = job.settings.patience
    return bool(patience and position.best_epoch and position.epoch - position.best_epoch >= patience)
