"""Module on JAX: a Flax linen module, whose parameters travel beside it in a TrainState."""

import contextlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any

import jax
import optax
from flax import linen as nn

from d2lite.plotting.board import ProgressBoard
from d2lite.training import module
from d2lite.training.arguments import check_loss
from d2lite.training.mistakes import check_output
from d2lite_jax.framework import NAME

nn_Module = nn.Module


class Module(module.Module, nn.Module):
    # Flax makes a dataclass of this class and its subclasses, so fields stand for a constructor.
    plot_train_per_epoch: int = field(default=2, kw_only=True)
    plot_valid_per_epoch: int = field(default=1, kw_only=True)
    training: bool = field(default=True, kw_only=True)  # or validating, as the Trainer sets it
    board: ProgressBoard = field(
        default_factory=ProgressBoard, init=False, repr=False, compare=False
    )

    backend = NAME
    not_hyperparameters = ('parent', 'name')  # Flax's own fields

    def __init_subclass__(cls, **kwargs: Any) -> None:
        own = cls.__annotations__
        for name in [name for name in own if name in _FIELDS]:
            after = list(own)[list(own).index(name) + 1 :]
            if name not in vars(cls):
                setattr(cls, name, field())  # and so without the default of this class
            elif any(other not in vars(cls) for other in after):
                own[name] = own.pop(name)  # a dataclass has what has a default last
        with _without_those_declared_again(cls):
            super().__init_subclass__(**kwargs)

    def __call__(self, *inputs, **kwargs):
        if self.scope is None:  # nobody has given it parameters
            raise RuntimeError(
                f'on JAX the parameters of {type(self).__name__} live beside it: write '
                f'trainer.predict(X), or model.apply({{"params": trainer.state.params}}, X)'
            )
        return check_output(self, self.forward(*inputs, **kwargs))

    def loss(self, params: Mapping, X: jax.Array, y: jax.Array, state: Any) -> jax.Array | tuple:
        """The loss of the predictions for `X`, a tuple of inputs, against labels `y`.

        A scalar, or a scalar and a dictionary of what else the pass computed, for batch statistics.
        """
        raise NotImplementedError(
            f'{type(self).__name__} must define loss(self, params, X, y, state)'
        )

    def training_step(self, params: Mapping, batch: Sequence[jax.Array], state: Any) -> tuple:
        """The loss of a minibatch, as `loss` returns it, and its gradients."""
        loss, value, grads = self.loss_and_grads(params, batch, state)
        self.plot('loss', loss, train=True)
        return value, grads

    def loss_and_grads(self, params: Mapping, batch: Sequence[jax.Array], state: Any) -> tuple:
        """The loss of a minibatch, a scalar; what `loss` returned; and the gradients."""

        def loss_and_rest(params):
            value = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
            loss = value[0] if isinstance(value, tuple) else value
            check_loss(self, loss, 'loss')
            return (loss * scale.scale if scale else loss), (loss, value)

        scale = getattr(state, 'loss_scale', None)  # see `precision`
        (_, (loss, value)), grads = jax.value_and_grad(loss_and_rest, has_aux=True)(params)
        if scale:
            grads = scale.unscaled(grads)
        return loss, value, grads

    def in_its_mode(self) -> 'Module':
        """The model; if `loss` is compiled by itself, a copy that keeps the mode it has now.

        `jax.jit` remembers a model that is a static argument, and takes it for the same if the
        Trainer has changed its `training` since.
        """
        loss = inspect.unwrap(type(self).loss, stop=_is_jitted)  # Flax wraps every method
        if not _is_jitted(loss):
            return self
        model = self.clone()
        vars(model).update(vars(self))  # the trainer, and what a lesson has added
        return model

    def validation_step(self, params: Mapping, batch: Sequence[jax.Array], state: Any) -> None:
        """Reports the loss of a validation minibatch."""
        value = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
        self.plot('loss', value[0] if isinstance(value, tuple) else value, train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own SGD, with the learning rate `lr`."""
        return optax.sgd(self.required_lr())

    def apply_init(self, dummy_input: Sequence[jax.Array], key: Any) -> Mapping:
        """The initial variables, from a pass over the tuple `dummy_input` and random keys."""
        return self.init(key, *dummy_input)


def _is_jitted(function):
    return isinstance(function, jax.stages.Wrapped)


_FIELDS = {each.name: each for each in fields(Module) if each.name not in ('parent', 'name')}


@contextlib.contextmanager
def _without_those_declared_again(cls):
    """Takes fields of `Module` that are declared again out of the bases of `cls`, for a while.

    A dataclass leaves a field that is declared again where its bases have it: before all others.
    Here it is to have the place where it is declared. Flax does the same with `parent` and `name`.
    """
    classes = [each for each in cls.__mro__ if issubclass(each, Module) and each is not Module]
    again = {name for each in classes for name in each.__annotations__ if name in _FIELDS}
    taken = [
        (base, name)
        for base in (*classes[1:], Module)
        for name in again
        if base.__dataclass_fields__[name] is _FIELDS[name]
    ]
    for base, name in taken:
        del base.__dataclass_fields__[name]
    try:
        yield
    finally:
        for base, name in taken:
            base.__dataclass_fields__[name] = _FIELDS[name]
