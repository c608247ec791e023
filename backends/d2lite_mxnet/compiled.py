"""Compiled steps on MXNet: one operator for what a step computes, back and forth."""

import contextlib

from mxnet import autograd, np
from mxnet.gluon import nn

from d2lite.data.module import is_whole
from d2lite.training import compiled as compilation
from d2lite.training.compiled import deferring, sizes
from d2lite.training.plots import Plot
from d2lite.training.purity import Watch
from d2lite_mxnet.module import plain_arrays
from d2lite_mxnet.recording import Graph, marked, recording


class Step:
    """The graphs of a step of training, or of validation: one for each shape of a batch."""

    def __init__(self, trainer, train, loader, batch):
        self.trainer, self.train = trainer, train
        # Of a whole loader the other tensors have as many rows.
        self.key = first_shape if is_whole(loader) else shapes
        self.graphs = {}
        batches = [batch]
        if is_whole(loader):
            batches = [[tensor[:size] for tensor in loader.tensors] for size in sizes(loader)]
        for batch in batches:
            batch = trainer.prepare_batch(tuple(batch))
            self.graphs[self.key(batch)] = self.graph(batch)

    def step(self, batch):
        """Makes the step, and reports what it plots."""
        key = self.key(batch)
        if key not in self.graphs:
            self.graphs[key] = self.graph_or_none(batch)
        if self.graphs[key] is None:
            return self.step_as_written(batch)
        graph, plots = self.graphs[key]
        outputs = []
        if self.train:
            with autograd.record():
                outputs = graph(batch)
            self.trainer.update(outputs[0])
        elif graph:
            outputs = graph(batch)
        for function, value in plots:
            function(outputs[value] if type(value) is Output else value)

    def step_as_written(self, batch):
        if not self.train:
            return self.trainer.model.validation_step(batch)
        with autograd.record():
            loss = self.trainer.model.training_step(batch)
        self.trainer.update(loss)

    def graph_or_none(self, batch):
        """As `graph`; None if that cannot be, which a batch of another shape has not told before.

        What is wrong in the step shows when it runs as it is written.
        """
        graph = None
        with Watch(self.trainer, self.trainer.model) as watch, contextlib.suppress(Exception):
            graph = self.graph(batch)
        if watch.changes():
            watch.undo()
            return None
        return graph

    def graph(self, batch):
        """A graph, and the functions it defers, each with its value or with the Output it is."""
        trainer, model, batch = self.trainer, self.trainer.model, marked(batch)
        heads, plots = [], []
        with deferring(trainer) as deferred, recording(model, self.train) as made:
            if self.train:
                heads.append(model.training_step(tuple(batch)))
            else:
                model.validation_step(tuple(batch))
        for function, value in zip(deferred.functions, deferred.values, strict=True):
            if isinstance(value, np.ndarray):
                if self.train and getattr(value, 'detached_from', None) is heads[0]:
                    value = Output(0)  # a second output takes time on the way back
                else:
                    heads.append(value)
                    value = Output(len(heads) - 1)
            plots.append((as_in_a_step(function), value))
        params = [*_parameters(model), *(array for _, array in plain_arrays(model))]
        return Graph(heads, batch, params, made) if heads else None, plots


def as_in_a_step(function):
    """What does with a value what `Module.plot` does in a step as it is written."""
    if not isinstance(function, Plot):
        return function
    model, label, train = function.model, function.label, function.train
    return lambda value: model.trainer.plots.add(model, label, value, train)


class Output(int):
    """The number of an output."""


class Compiled(compilation.Compiled):
    __doc__ = compilation.Compiled.__doc__
    step_program = Step

    def __init__(self, trainer):
        super().__init__(trainer)
        with contextlib.suppress(Exception):  # what is wrong there shows in the step
            trainer.state_of.build(trainer, trainer.first_batch())

    def trace(self, train, loader, batch):
        return self.step_program(self.trainer, train, loader, batch)

    def _run(self, program, steps, counter):
        trainer = self.trainer
        for batch in steps:
            program.step(trainer.prepare_batch(batch))
            setattr(trainer, counter, getattr(trainer, counter) + 1)


def first_shape(batch):
    return batch[0].shape


def shapes(batch):
    return tuple([tensor.shape for tensor in batch])


def _parameters(model):
    params = nn.Block.collect_params(model)  # of a lesson's own it may be a list
    return params.values()
