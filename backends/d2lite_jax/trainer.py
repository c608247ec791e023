"""Trainer on JAX."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
import optax
from jax import numpy as jnp

from d2lite.training.compiled import collected_outputs
from d2lite_jax import distributed, precision, state
from d2lite_jax.clipping import grad_clipping
from d2lite_jax.compiled import CompiledEpoch, compiled_once
from d2lite_jax.data import DataModule
from d2lite_jax.devices import cpu, free_memory, gpu, memory_wanted, num_gpus
from d2lite_jax.framework import NAME, get_key, version
from d2lite_jax.mesh import whole
from d2lite_jax.on_mesh import TrainsOnMesh
from d2lite_jax.tensor import concat
from d2lite_jax.train_state import TrainState, checked, learning_rates, shapes_of

if TYPE_CHECKING:
    from d2lite_jax.module import Module


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

    def fit(
        self, model: 'Module', data: Any = None, key: jax.Array | None = None, **kwargs: Any
    ) -> None:
        """As elsewhere; `key` starts the parameters and dropout, by default a new one.

        A model that was trained before goes on from its parameters, unless a key is given.
        """
        before = getattr(model, 'trainer', None)
        self.trained = getattr(before, 'state', None) if key is None else None
        self.key = key
        super().fit(model, data, **kwargs)

    def fit_epoch(self) -> None:
        if self.compiles():
            return self.compiled.fit_epoch()
        self.model.training = True
        for batch in self.train_dataloader:
            self.state = self.train_step(self.state, self.prepare_batch(batch))
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.training = False
        for batch in self.val_dataloader:
            self.val_step(self.state, self.prepare_batch(batch))
            self.val_batch_idx += 1

    def train_step(self, state: TrainState, batch: Sequence[jax.Array]) -> TrainState:
        """The state after one update: parameters, optimizer state, batch statistics, count."""
        # The key of this step follows from the first one and the count. So where no dropout asks
        # for it, a compiled step does not compute it, which would take longer than a small model.
        key = jax.random.fold_in(state.dropout_rng, state.step)
        step_state = state.replace(dropout_rng=key)
        params, batch = precision.cast(self, state.params, batch)
        value, grads = checked(self.model, self.model.training_step(params, batch, step_state))
        if params is not state.params:
            grads = precision.to_float32(grads)
        before, state = state, state.apply_gradients(grads=grads)
        if state.loss_scale is not None:
            state = precision.unless_overflowed(before, state, grads)
        if state.batch_stats:
            state = state.replace(batch_stats=self.updated_batch_stats(value))
        return state

    def val_step(self, state: TrainState, batch: Any) -> None:
        """Has the model report on a validation minibatch, in the trainer's precision."""
        params, batch = precision.cast(self, state.params, batch)
        self.model.validation_step(params, batch, state)

    def predictions(self, inputs: Sequence[jax.Array]) -> Any:
        def predict(state, inputs):
            params, (*inputs, _) = precision.cast(self, state.params, (*inputs, None))
            return state.apply_fn({'params': params, 'batch_stats': state.batch_stats}, *inputs)

        return self.called(predict, self.state, tuple(inputs))

    def reported(self, batch: Any) -> list[tuple[str, Any]]:
        def report(state, batch):
            with collected_outputs(self) as outputs:
                self.val_step(state, batch)
            labels[:] = outputs.labels
            return [jnp.asarray(value) for value in outputs.values]

        labels = []
        values = self.called(report, self.state, batch)
        return list(zip(labels, values, strict=True))

    def called(self, function: Callable, *args: Any) -> Any:
        """`function(*args)`, as it is written if `compile` is False."""
        result = function(*args) if self.compile is False else self.as_one_program(function, *args)
        return whole(self, result)

    def as_one_program(self, function: Callable, *args: Any) -> Any:
        """`function(*args)`, as one program if it can be."""
        try:
            with self.times.compiling():
                run, structure = compiled_once(function, args)
        except TypeError:  # it looks at values, which a program does not have while it is made
            return function(*args)
        return jax.tree.unflatten(structure, run(*args))

    def updated_batch_stats(self, value: Any) -> Mapping:
        """The batch statistics in what `loss` returned. Raises ValueError if there are none."""
        if not isinstance(value, tuple) or 'batch_stats' not in value[1]:
            raise ValueError(
                f'{type(self.model).__name__} has batch statistics, but its loss returns none: '
                f"call state.apply_fn(..., mutable=['batch_stats']), which returns the "
                f'predictions and updates, and return (loss, updates)'
            )
        return value[1]['batch_stats']

    def clip_gradients(self, grad_clip_val: float, grads: Mapping) -> Mapping:
        """The gradients, scaled down so that their common norm is at most `grad_clip_val`."""
        return grad_clipping(grads, grad_clip_val)

    def prepare_parameters(self, init_params: Mapping[str, np.ndarray] | Callable | None) -> None:
        """The parameters that training starts from: made from the key, or given."""
        key = get_key() if self.key is None else self.key
        if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):  # numbers, for checkpoints
            key = jax.random.key_data(key)
        params_key, dropout_key = jax.random.split(key)
        variables = self.initial_variables({'params': params_key, 'dropout': dropout_key})
        params, batch_stats = variables['params'], variables.get('batch_stats', {})
        if (before := self.trained) is not None:
            made, trained = (params, batch_stats), (before.params, before.batch_stats)
            if shapes_of(made) == shapes_of(trained):
                params, batch_stats = trained if self.moves_to is None else self.move_batch(trained)
        self.trained = None
        self.state = TrainState(
            step=jnp.zeros((), jnp.int32),
            apply_fn=self.model.apply,
            params=params,
            tx=None,  # comes with the optimizer
            opt_state=None,
            batch_stats=batch_stats,
            dropout_rng=dropout_key,
        )
        super().prepare_parameters(init_params)

    def initial_variables(self, key: Mapping[str, jax.Array]) -> Mapping:
        """The variables from the model's `apply_init`, which is one program if it can be."""
        inputs = self.first_inputs()

        def init(key, inputs):
            return self.model.apply_init(inputs, key=key)

        return self.as_one_program(init, key, inputs)

    def prepare_optimizer(self) -> None:
        """Asks the model for its optimizer, and puts it into the TrainState."""
        super().prepare_optimizer()
        if isinstance(self.optim, list):
            tx = tuple(map(self.clipped, self.optim))
            opt_state = tuple(each.init(self.state.params) for each in tx)
        else:
            tx = self.clipped(self.optim)
            opt_state = tx.init(self.state.params)
        # An optimizer of a lesson may give the class `optax.EmptyState` where an instance is meant.
        opt_state = jax.tree.map(lambda s: s() if isinstance(s, type) else s, opt_state)
        self.state = self.state.replace(tx=tx, opt_state=opt_state)

    def clipped(self, optim: Any) -> optax.GradientTransformation:
        """The optimizer, after a link that clips the gradients, if they are to be clipped.

        As part of the optimizer, clipping also works where a lesson writes its own `fit_epoch`.
        """
        if self.gradient_clip_val == 0:
            return optim
        clip = optax.stateless(
            lambda grads, params: self.clip_gradients(self.gradient_clip_val, grads)
        )
        return optax.chain(clip, optax.GradientTransformation(optim.init, optim.update))

    def wait(self) -> None:
        jax.block_until_ready((self.state.params, self.state.opt_state))

    def current_lr(self) -> float | None:
        # `inject_hyperparams` keeps the rate of the step that is made, so one is made here: with
        # gradients of 0, and forgotten.
        if isinstance(self.optim, list) or not learning_rates(self.state.opt_state):
            return super().current_lr()
        zeros = jax.tree.map(jnp.zeros_like, self.state.params)
        _, following = self.state.tx.update(zeros, self.state.opt_state, self.state.params)
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
        """Nothing to do: `fit` makes the parameters there."""

    def move_batch(self, batch: Sequence[jax.Array]) -> Any:
        # In a program that is being compiled, all is where the program runs.
        traced = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(batch))
        return batch if traced else jax.device_put(batch, self.moves_to)
