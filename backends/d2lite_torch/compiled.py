"""Compiled steps on PyTorch: torch.compile of whole steps, gradients and plain updates included."""

from functools import partial

import torch

from d2lite.training import compiled as compilation
from d2lite.training.compiled import deferring, sizes
from d2lite_torch.graphs import now, places, program, replaced, shapes, traced
from d2lite_torch.optimizer import SGD, is_plain

STEPS_IN_A_CALL = 8  # of a small model: a call takes as long as a step of it
NODES_OF_A_SMALL_STEP = 60  # of its graph; more steps of a larger one only take longer to compile


class Step:
    """The program of a step of training, or of validation, for batches from any loader.

    It also makes the update, if that is plain SGD and nothing happens to the gradients before.
    """

    loops = False
    multiple = 1  # how many steps go best together

    def __init__(self, trainer, train, loader, batch):
        self.trainer, self.train, self.loader = trainer, train, loader
        self.params, self.others = places(trainer.model)
        self.rates = LearningRates(self.params)
        self.graphs = {}  # by the shapes of a batch
        self.programs = {}  # by those of several
        self.make(batch)

    def make(self, batch):
        self.program_for(self.model_args(), batch, (len(batch[0]),))

    def step(self, batch):
        return self.steps(self.model_args(), list(batch), (len(batch[0]),))

    def model_args(self):
        """What a program takes beside batches: the tensors of the model, and learning rates."""
        rates = self.rates.now(self.trainer) if self.train else []
        return now(self.params), now(self.others), rates

    def steps(self, model_args, tensors, sizes):
        """Makes steps with batches of these sizes. Returns the values of what they deferred."""
        program = self.program_for(model_args, tensors, sizes)
        with torch.no_grad():
            values, grads = program(*model_args, tensors)
            if grads:
                self.update(grads)
        return values

    def update(self, grads):
        """What `fit_epoch` does when the gradients are known."""
        for place, grad in zip(self.params, grads, strict=True):
            place.tensor().grad = grad
        self.trainer.apply_gradients()

    def program_for(self, model_args, tensors, sizes):
        key = self.key(tensors, sizes), len(model_args[2])
        if key not in self.programs:
            batches = zip(*(tensor.split(sizes) for tensor in tensors), strict=True)
            graphs = [self.graph_for(batch) for batch in batches]
            args = *model_args, list(tensors)
            graph = traced(partial(run_steps, graphs, sizes), *args)
            self.programs[key] = program(graph, *args)
        return self.programs[key]

    def key(self, tensors, sizes):
        return sizes, shapes(tensors)

    def graph_for(self, batch):
        key = shapes(batch)
        if key not in self.graphs:
            args = now(self.params), now(self.others), batch
            self.graphs[key] = traced(self.traced_step, *args)
            self.is_small = len(self.graphs[key].graph.nodes) <= NODES_OF_A_SMALL_STEP
        return self.graphs[key]

    def traced_step(self, params, others, batch):
        """The values of what a step defers, and the gradients."""
        trainer, model = self.trainer, self.trainer.model
        params = [param.detach().requires_grad_(self.train) for param in params]
        with replaced(self.params + self.others, params + others), deferring(trainer) as deferred:
            grads = []
            if self.train:
                with torch.enable_grad():
                    loss = model.training_step(batch)
                grads = torch.autograd.grad(loss, params, allow_unused=True)
            else:
                with torch.no_grad():
                    model.validation_step(batch)
        self.functions = deferred.functions
        return [torch.as_tensor(value).detach() for value in deferred.values], grads


class Pass(Step):
    """The programs of a pass over whole tensors: some steps to a call, and those that are left."""

    loops = True

    def make(self, batch):
        loader = self.loader
        self.graph_for([tensor[: sizes(loader)[0]] for tensor in loader.tensors])
        if self.is_small and (self.rates.now(self.trainer) or not self.train):
            self.multiple = STEPS_IN_A_CALL
        self.sizes = tuple(len(batch) for batch in loader.tensors[0].split(loader.batch_size))
        for start in {0, len(self.sizes) - len(self.sizes) % self.multiple} - {len(self.sizes)}:
            some = self.sizes[start : start + self.multiple]
            tensors = [tensor[: sum(some)] for tensor in loader.tensors]
            self.program_for(self.model_args(), tensors, some)

    def key(self, tensors, sizes):
        return sizes  # all else is the same for a loader

    def given(self, order):
        """The tensors in this order, in parts that are a call each."""
        tensors = self.loader.tensors if order is None else self.loader.in_order(order)
        num_rows = self.multiple * self.loader.batch_size
        return [list(part) for part in zip(*(t.split(num_rows) for t in tensors), strict=True)]

    def run(self, start, count, parts):
        stop, found, model_args = start + count, [], self.model_args()
        # Without learning rates each step needs the update after it, which is not in the program.
        together = not self.train or bool(model_args[2])
        while start < stop:
            part, within = divmod(start, self.multiple)
            tensors = parts[part]
            some = self.sizes[start - within : start - within + self.multiple]
            if within or start + len(some) > stop or not together:
                # One step, rather than a program for each number of steps.
                first, some = within * self.loader.batch_size, some[within : within + 1]
                tensors = [tensor[first : first + some[0]] for tensor in tensors]
            found.append(self.steps(model_args, tensors, some))
            start += len(some)
        return [torch.cat(values) for values in zip(*found, strict=True)]

    def traced_step(self, params, others, batch):
        return super().traced_step(params, others, self.trainer.prepare_batch(batch))


class Compiled(compilation.Compiled):
    __doc__ = compilation.Compiled.__doc__
    step_program, pass_program = Step, Pass


def run_steps(graphs, sizes, params, others, rates, tensors):
    """Steps with batches of these sizes, which with learning rates also update the parameters."""
    found, grads = [], []
    for graph, *batch in zip(graphs, *(tensor.split(sizes) for tensor in tensors), strict=True):
        values, grads = graph(params, others, batch)
        found.append(values)
        for param, grad, rate in zip(params, grads, rates, strict=False):
            if grad is not None:
                param.sub_(rate * grad)
    return [torch.stack(values) for values in zip(*found, strict=True)], [] if rates else grads


class LearningRates:
    """Those of the parameters, as tensors: a number would be part of a program."""

    def __init__(self, places):
        self.places = places
        self.numbers = self.tensors = None

    def now(self, trainer):
        """One for each parameter if all that is to be done is plain SGD, otherwise none."""
        optim = trainer.optim
        if trainer.gradient_clip_val > 0:
            return []
        if type(optim) is SGD:
            groups = [{'params': optim.params, 'lr': optim.lr}]
        elif is_plain(optim):
            groups = optim.param_groups
        else:
            return []
        numbers = [(group['lr'], len(group['params'])) for group in groups]
        if numbers != self.numbers:
            rates = {id(param): group['lr'] for group in groups for param in group['params']}
            found = [rates.get(id(place.tensor()), 0.0) for place in self.places]
            self.numbers, self.tensors = numbers, [torch.tensor(float(rate)) for rate in found]
        return self.tensors
