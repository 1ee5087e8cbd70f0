"""Quantisation-aware fine-tuning of a checkpoint, where post-training quantisation costs too much.

checkpoint -> plan -> what do its integers cost on the validation data?
    -> little: nothing to do
    -> much:   train on with the plan's integers in the network -> a checkpoint like any other

The scales stay as planned; the weights learn to live with them. What equalisation the plan has is
done to the weights first. A killed run goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from belisha.bundle import write_whole
from belisha.errors import TrainingError, UsageError
from export.calibration_inputs import calibration_inputs
from export.float_model import export_float
from export.plan import Plan, read_plan
from export.planning import make_plan
from training.checkpoint import Checkpoint, read_checkpoint
from training.config import Config, Tuning, read_sources
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import LEAST_SCORE, evaluate
from training.model import Network
from training.quantised import equalised, quantised
from training.ranks import Ranks
from training.torch_detector import TorchDetector
from training.train import LAST, Summary, train

MOST_LOSS = 0.005
"""AP50 that post-training quantisation may cost before fine-tuning is due: half a point."""
PLAN = "plan.json"
RATE = 1e-4
"""Of AdamW, a twentieth of what a network learns with from the beginning."""
_THRESHOLD = 0.3
"""Of the evaluation; AP50 does not depend on it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to tune, and how.

    Attributes:
        checkpoint: of `python -m training train`.
        plan: file of a plan to use; one is made if absent.
        frames: number of training frames to make it on.
        steps: of fine-tuning.
        batch: frames in a step.
        rate: highest learning rate.
        always: tune even where little is lost.
        data: folder of the data sets; the checkpoint's if absent.
    """

    checkpoint: Path
    plan: Path | None = None
    frames: int = 96
    steps: int = 1000
    batch: int = 16
    rate: float = RATE
    always: bool = False
    data: str | None = None


@dataclass(frozen=True)
class Tuned:
    """How it went.

    Attributes:
        before: data set -> AP50 of the float network, and in integers, before tuning.
        loss: mean of what the integers cost before tuning.
        summary: of the run; `None` where little was lost, so nothing was done.
    """

    before: dict[str, tuple[float, float]]
    loss: float
    summary: Summary | None


def tune(request: Request, out: Path, say: Callable[[str], None]) -> Tuned:
    """Tune if needed, or go on with a run that lies in `out`.

    Raises:
        UsageError: the checkpoint or the plan cannot be used.
        DatasetError: the data cannot be read.
        TrainingError: the run failed; see `training.train`.
    """
    checkpoint = read_checkpoint(request.checkpoint)
    if request.data is not None:
        config = replace(checkpoint.metadata.config, data=request.data)
        checkpoint = replace(checkpoint, metadata=replace(checkpoint.metadata, config=config))
    plan = _plan(request, checkpoint, out, say)
    start = equalised(checkpoint.network(), plan.equalisation.factors)
    before: dict[str, tuple[float, float]] = {}
    if not (out / LAST).exists():
        say("measuring what the plan's integers cost")
        before = _measured(checkpoint, start, plan)
    loss = sum(real - whole for real, whole in before.values()) / max(len(before), 1)
    if before and loss <= MOST_LOSS and not request.always:
        return Tuned(before, loss, None)
    config = tuning_config(checkpoint, plan, request)
    return Tuned(before, loss, train(config, out, Ranks(), start.state_dict()))


def tuning_config(checkpoint: Checkpoint, plan: Plan, request: Request) -> Config:
    """The configuration of the run: the checkpoint's last stage, slower, in whole numbers."""
    config = checkpoint.metadata.config
    if config.tuning is not None:
        raise UsageError(f"{request.checkpoint}: is tuned already: give the one that it began from")
    if config.lessons:
        raise UsageError(f"{request.checkpoint}: expected a trained network, got one of lessons")
    return replace(
        config,
        start="",
        stages=(replace(config.stages[-1], until=1.0, batch=request.batch),),
        minutes=None,
        steps=request.steps,
        rate=request.rate,
        warm_up=min(config.warm_up, request.steps // 10),
        average_decay=min(config.average_decay, 0.99),
        precision="float32",  # bfloat16 has fewer digits than the integers
        tuning=Tuning(hashlib.sha256(request.checkpoint.read_bytes()).hexdigest(), plan.scales),
    )


def _plan(request: Request, checkpoint: Checkpoint, out: Path, say: Callable[[str], None]) -> Plan:
    """The plan of the run in `out`, the given one, or a new one; it lies in `out` afterwards."""
    path = out / PLAN
    if path.exists() and request.plan is None:
        return read_plan(path)
    if request.plan is not None:
        plan = read_plan(request.plan)
    else:
        preprocessing = checkpoint.metadata.preprocessing
        inputs = calibration_inputs(checkpoint, preprocessing, request.frames)
        model = export_float(checkpoint.network().folded(), preprocessing)
        plan = make_plan(model, inputs, checkpoint.metadata.layout, preprocessing, say)
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, plan.to_json())
    except OSError as error:
        raise TrainingError(f"{path}: cannot be written: {error.strerror}") from error
    return plan


def _measured(checkpoint: Checkpoint, start: Network, plan: Plan) -> dict[str, tuple[float, float]]:
    """Data set -> AP50 in float and in the plan's integers."""
    config = checkpoint.metadata.config
    detectors = [
        TorchDetector(network, config.preprocessing, LEAST_SCORE)
        for network in (checkpoint.network(), quantised(start, plan.scales))
    ]
    figures = {}
    for dataset, _ in read_sources(config.validation, config.data):
        first, second = (
            evaluate(
                detector,
                dataset,
                threshold=_THRESHOLD,
                min_heights=(0.0,),
                resampling=Resampling(count=0),
            )
            .results[0]
            .ap50.value
            or 0.0
            for detector in detectors
        )
        figures[dataset.name] = (first, second)
    return figures
