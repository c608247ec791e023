"""Trainer on NNX."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from flax import nnx
from jax import numpy as jnp

from d2lite.training.arguments import check_loss, no_gradients
from d2lite.training.compiled import collected_outputs
from d2lite.training.precision import replaces
from d2lite_jax import distributed
from d2lite_jax.clipping import grad_clipping
from d2lite_jax.compiled import compiled_once
from d2lite_jax.devices import cpu, free_memory, gpu, memory_wanted, num_gpus
from d2lite_jax.mesh import whole
from d2lite_jax.on_mesh import TrainsOnMesh
from d2lite_nnx import precision, state
from d2lite_nnx.compiled import CompiledEpoch
from d2lite_nnx.data import DataModule
from d2lite_nnx.framework import NAME, version
from d2lite_nnx.lazy import unmade
from d2lite_nnx.tensor import concat
from d2lite_nnx.train_state import Plotted, TrainState, Variables, learning_rates, optimizer_of

if TYPE_CHECKING:
    from d2lite_nnx.module import Module


class Trainer(TrainsOnMesh):
    backend = NAME
    data_module = DataModule
    serialization = state
    arithmetic = precision
    engine = distributed
    concat = staticmethod(concat)
    framework_version = version()
    compiled_class = CompiledEpoch
    compile_modes = (None, True)

    def fit_epoch(self) -> None:
        if self.compiles():
            return self.compiled.fit_epoch()
        self.model.train()
        for batch in self.train_dataloader:
            self.train_step(self.prepare_batch(batch))
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        for batch in self.val_dataloader:
            self.val_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def train_step(self, batch: Any) -> None:
        """One update: parameters, optimizer state, batch statistics, counts of random keys."""

        def loss_of(model, batch):
            metrics, self.metrics = self.metrics, Plotted(self.metrics)
            try:
                loss = model.training_step(batch)
                check_loss(model, loss)
                return jnp.reshape(loss, ()), self.metrics.values
            finally:
                labels[:], self.metrics = self.metrics.labels, metrics

        labels = []
        (_, values), grads = nnx.value_and_grad(loss_of, has_aux=True)(self.model, batch)
        if not jax.tree.leaves(grads):
            raise no_gradients(self.model)
        for label, value in zip(labels, values, strict=True):
            self.metrics.log(label, value)
        self.apply_gradients(grads)

    def apply_gradients(self, grads: Any) -> None:
        """Clips the gradients, if they are to be clipped, and makes the update."""
        if self.gradient_clip_val > 0:
            grads = self.clip_gradients(self.gradient_clip_val, grads)
        self.optim.update(self.model, grads)

    def predictions(self, inputs: Sequence[jax.Array]) -> Any:
        return self.called(lambda model, inputs: model(*inputs), tuple(inputs))

    def reported(self, batch: Any) -> list[tuple[str, Any]]:
        def report(model, batch):
            with self.working_on(model), collected_outputs(self) as outputs:
                self.val_step(batch)
            labels[:] = outputs.labels
            return [jnp.asarray(value) for value in outputs.values]

        labels = []
        values = self.called(report, batch)
        return list(zip(labels, values, strict=True))

    def called(self, function: Callable, *args: Any) -> Any:
        """`function(model, *args)`, as it is written if `compile` is False."""
        run = function if self.compile is False else partial(self.as_one_program, function)
        return whole(self, run(self.model, *args))

    def as_one_program(self, function: Callable, model: 'Module', *args: Any) -> Any:
        """`function(model, *args)`, as one program if it can be.

        In it the model is a copy, and what is changed in it is lost.
        """
        graphdef, state = nnx.split(model)

        def of_state(state, *args):
            return function(nnx.merge(graphdef, state), *args)

        try:
            with self.times.compiling():
                run, structure = compiled_once(of_state, (state, *args))
        except TypeError:  # it looks at values, which a program does not have while it is made
            return function(model, *args)
        return jax.tree.unflatten(structure, run(state, *args))

    @contextlib.contextmanager
    def working_on(self, model: 'Module', optim: nnx.Optimizer | None = None) -> Iterator[None]:
        """Within this context the trainer's model and optimizer are these, copies of its own."""
        before = self.model, self.optim
        self.model, self.optim = model, optim
        try:
            yield
        finally:
            self.model, self.optim = before

    @property
    def state(self) -> TrainState:
        """The arrays that a step changes, those of the model and of the optimizer."""
        return self.variables.read()

    @state.setter
    def state(self, state: TrainState) -> None:
        self.variables.write(state)

    def find_variables(self) -> None:
        """Looks for what a step changes: a lesson may have given the model other layers."""
        self.variables = Variables(self.model, self.optim)

    def prepare_parameters(self, init_params: Mapping[str, np.ndarray] | Callable | None) -> None:
        """Sets the parameters that training starts from: as the model made them, or as given."""
        if any(True for _ in unmade(self.model)):
            self.serialization.build(self, self.first_batch())
        super().prepare_parameters(init_params)
        self.optim = None  # comes later
        self.find_variables()

    def set_training(self, training: bool) -> None:
        own = replaces(self.model, 'train') or replaces(self.model, 'eval')
        if self.fitting and self.compiled and not own:
            self.compiled.set_training(training)
        else:
            (self.model.train if training else self.model.eval)()

    def prepare_optimizer(self) -> None:
        """Asks the model for its optimizer, and makes one of NNX of it."""
        super().prepare_optimizer()
        self.optim = optimizer_of(self.model, self.optim)
        self.find_variables()

    def clip_gradients(self, grad_clip_val: float, grads: Any) -> Any:
        """The gradients, scaled down so that their common norm is at most `grad_clip_val`."""
        return grad_clipping(grads, grad_clip_val)

    def wait(self) -> None:
        jax.block_until_ready(self.state)

    def current_lr(self) -> float | None:
        # `inject_hyperparams` keeps the rate of the step that is made, so one is made here: with
        # gradients of 0, and forgotten.
        if isinstance(self.optim, list):
            return super().current_lr()
        opt_state = nnx.as_pure(self.optim.opt_state)
        if not learning_rates(opt_state):
            return super().current_lr()
        params = nnx.as_pure(nnx.state(self.model, self.optim.wrt))
        zeros = jax.tree.map(jnp.zeros_like, params)
        _, following = self.optim.tx.update(zeros, opt_state, params)
        return float(learning_rates(following)[0])

    free_memory = staticmethod(free_memory)
    memory_wanted = staticmethod(memory_wanted)

    @staticmethod
    def find_gpus() -> list:
        return [gpu(i) for i in range(num_gpus())]

    @staticmethod
    def find_cpu() -> Any:
        return None if jax.default_backend() == 'cpu' else cpu()

    def placement(self) -> contextlib.AbstractContextManager:
        return jax.default_device(self.moves_to) if self.moves_to else super().placement()

    def move_model(self, model: 'Module') -> None:
        nnx.update(model, jax.device_put(nnx.state(model), self.moves_to))

    def move_batch(self, batch: Sequence[jax.Array]) -> Any:
        # In a program that is being compiled, all is where the program runs.
        traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(batch))
        return batch if traced else jax.device_put(batch, self.moves_to)
