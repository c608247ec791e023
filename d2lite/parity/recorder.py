"""A model trained on one backend, with every step of it recorded as NumPy arrays."""

import contextlib
import dataclasses
from types import ModuleType
from typing import Any

import numpy as np

from d2lite import seeds, selection
from d2lite.parity.problem import PrecisionError, Problem
from d2lite.training.callbacks import Callback


@dataclasses.dataclass
class TrainingRecord:
    """The numbers of a training, an entry for each step, in the precision it was computed in."""

    backend: str
    version: str
    model: str
    loss: np.ndarray  # (steps,), before the step
    parameters: dict[str, np.ndarray]  # (steps, *shape) by neutral names, after the step


def record_training(backend: str, problem: Problem) -> TrainingRecord:
    """Trains the problem's model on one backend, by `Trainer.fit`, and records every step.

    Raises BackendError for an unknown or missing backend, PrecisionError where parameters are not
    computed in the problem's dtype.
    """
    d2l = selection.load(backend)
    backend = d2l.Module.backend
    state = seeds.get_state()  # making a model draws seeds, also where they are not used
    try:
        arithmetic = d2l.Trainer.arithmetic
        is_double = problem.dtype == 'float64'
        with arithmetic.in_float64() if is_double else contextlib.nullcontext():
            losses, steps = _train(d2l, problem)
    finally:
        seeds.set_state(state)
    n = problem.num_steps
    parameters = {name: np.stack([step[name] for step in steps[:n]]) for name in problem.parameters}
    for name, array in parameters.items():
        if array.dtype != problem.dtype:
            raise PrecisionError(
                f'{problem.model} on {backend} was to be computed in {problem.dtype}, but its '
                f'{name} is {array.dtype}'
            )
    version = d2l.framework.version()
    return TrainingRecord(backend, version, problem.model, np.array(losses[:n]), parameters)


class _Recorder(Callback):
    """Keeps the parameters after each step."""

    def __init__(self):
        self.steps = []

    def on_train_batch_end(self, trainer, model) -> None:
        self.steps.append(trainer.get_parameters())


def _train(d2l, problem):
    """The losses and parameters of all steps."""
    recorder, data = _Recorder(), _data(d2l, problem)
    model = problem.make(d2l, problem.lr)
    if d2l.Module.backend == 'mxnet' and problem.dtype == 'float64':
        # MXNet draws initial parameters in float32 only.
        rows = (array[:1] for array in problem.arrays[:-1])
        model.apply_init(as_tensors(d2l, tuple(map(_in_float32, rows))))
        model.cast('float64')
    model.board.display = False
    model.plot_train_per_epoch = -(-len(problem.arrays[0]) // problem.batch_size)  # each step
    trainer = d2l.Trainer(
        problem.num_epochs, gradient_clip_val=problem.gradient_clip_val, callbacks=[recorder]
    )
    trainer.fit(model, data, init_params=problem.start)
    points = model.board.data
    if 'train_ppl' in points:  # a language model plots the exponential
        return [np.log(point.y) for point in points['train_ppl']], recorder.steps
    return [point.y for point in points['train_loss']], recorder.steps


def as_tensors(d2l: ModuleType, arrays: tuple[np.ndarray, ...]) -> list[Any]:
    """NumPy arrays as the backend's tensors: its integers, and its order of an image's axes."""

    def tensor(array):
        if np.issubdtype(array.dtype, np.integer):
            array = array.astype(d2l.DataModule.label_dtype)
        if array.ndim == 4 and d2l.Digits.channel_axis == 1:
            array = array.transpose(0, 3, 1, 2)
        return d2l.DataModule.tensor(np.ascontiguousarray(array))

    return [tensor(array) for array in arrays]


def _in_float32(array):
    return array.astype('float32') if array.dtype == 'float64' else array


def _data(d2l, problem):
    class ArrayData(d2l.DataModule):
        def __init__(self):
            self.batch_size = problem.batch_size
            self._seed, self._num_loaders = problem.seed, 0  # instead of the library's next seed
            self.tensors = as_tensors(d2l, problem.arrays)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train) if train else None

    return ArrayData()
