"""Module on TensorFlow: a Keras model that also trains plain `tf.Variable`s."""

import contextvars
import copy
import functools
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from d2lite.training import module
from d2lite.training.precision import HALF
from d2lite_tensorflow.framework import NAME, keras

nn_Module = keras.Model


class Module(module.Module, keras.Model):
    backend = NAME
    training = None  # whether the Trainer is training or validating

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__(plot_train_per_epoch, plot_valid_per_epoch)
        self._uncover_loss()

    def forward(self, X: tf.Tensor) -> tf.Tensor:
        net = getattr(self, 'net', None)
        if isinstance(net, keras.layers.Layer):
            return net(X, training=self.training)
        return super().forward(X)

    def __call__(self, *inputs, training=None, **kwargs):
        """The predictions; `training`: for this call, in place of what the Trainer has set.

        A module within another one is in the mode of that one, unless it is told another.
        """
        if any(map(_is_symbolic, tf.nest.flatten((inputs, kwargs)))):
            # Keras asks for shapes, as `keras.Model(inputs, outputs)` does.
            return super().__call__(*inputs, **kwargs)
        # Not through Keras, which would round float64 inputs to float32.
        method = self.forward if type(self).call is Module.call else self.call
        before = self.training
        for each in (before, _mode.get()):
            training = each if training is None else training
        if _takes_training(method.__func__):
            kwargs['training'] = training
        token = _mode.set(training)
        self.training = training
        try:
            outputs = method(*inputs, **kwargs)
        finally:
            self.training = before
            _mode.reset(token)
        self.built = True
        trainer = getattr(self, 'trainer', None)  # of a module within this one there is none
        in_half = trainer is not None and trainer.precision in HALF
        return _to_float32(outputs) if in_half else outputs

    def call(self, *inputs: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """What a Keras model defines; a subclass may define this in place of `forward`."""
        return self(*inputs, training=training, **kwargs)

    def build(self, *shapes: Any) -> None:
        """Nothing to do: the layers within get their shapes when they are called."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Prepares for Keras's own `fit` and `evaluate`, which use the loss that they are given."""
        super().compile(*args, **kwargs)
        self._uncover_loss()

    def _uncover_loss(self):
        # Keras keeps the loss of `compile` here, and so would hide the method `loss`.
        vars(self).pop('loss', None)

    @property
    def variables(self) -> list:
        """The variables of the layers, and the `tf.Variable`s among the model's attributes.

        Keras 3 overlooks the latter. What is trained is chosen among these.
        """
        own = [variable for _, variable in plain_variables(self)]
        return list({id(variable): variable for variable in [*super().variables, *own]}.values())

    def configure_optimizers(self) -> keras.optimizers.Optimizer:
        """Keras's own SGD, with the learning rate `lr`."""
        return keras.optimizers.SGD(self.required_lr())

    def apply_init(self, inputs: Sequence[tf.Tensor], init: Any = None) -> None:
        """Gives layers shapes by a pass over `inputs`, then applies `init` to each of `net`."""
        self(*inputs)
        if init is not None:
            for layer in self.net.layers:
                init(layer)

    # Keras copies and pickles a model by its configuration, which a lesson's model has none of.

    def __getstate__(self):
        """The model's own attributes; those of Keras are made anew."""
        return {name: _packed(value) for name, value in _own(self, super().__getstate__())}

    def __setstate__(self, state):
        for name, value in state.items():
            setattr(self, name, _unpacked(value))

    def __reduce__(self):
        return _empty, (type(self),), self.__getstate__()

    def __deepcopy__(self, memo):
        memo[id(self)] = model = _empty(type(self))
        model.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return model


def plain_variables(model: 'Module') -> list:
    """(path, variable) of the `tf.Variable`s among a model's attributes."""
    return [(path, v) for path, v in module.attributes(model) if isinstance(v, tf.Variable)]


def layers_in(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """The layer, and the layers among its attributes, and among theirs."""
    yield layer
    own = [value for _, value in module.attributes(layer)]
    for child in [*getattr(layer, 'layers', ()), *own]:
        if isinstance(child, keras.layers.Layer):
            yield from layers_in(child)


def _to_float32(outputs):
    """Tensors of 16 bits as float32, in which the loss is computed."""
    halves = (tf.bfloat16, tf.float16)
    return tf.nest.map_structure(
        lambda each: tf.cast(each, tf.float32) if getattr(each, 'dtype', None) in halves else each,
        outputs,
    )


class _Packed:
    """A layer as it can be copied: Keras's by their configuration, a lesson's by attributes."""

    def __init__(self, layer):
        self.cls, self.built = type(layer), layer.built
        self.layers = self.config = self.attributes = None
        if isinstance(layer, keras.Sequential):
            self.layers = _packed(list(layer.layers))
        elif self.cls.__module__.partition('.')[0] in ('keras', 'tf_keras'):
            self.config = layer.get_config()
            self.build_config = layer.get_build_config() if self.built else None
            self.weights = layer.get_weights()
        else:
            self.attributes = {key: _packed(value) for key, value in _own(layer, vars(layer))}

    def layer(self):
        if self.layers is not None:
            return keras.Sequential(_unpacked(self.layers))
        if self.config is not None:
            layer = self.cls.from_config(self.config)
            if self.build_config:
                layer.build_from_config(self.build_config)
            layer.set_weights(self.weights)
            return layer
        layer = _empty(self.cls)
        for name, value in self.attributes.items():
            setattr(layer, name, _unpacked(value))
        layer.built = self.built
        return layer


def _packed(value):
    """The value, with layers as they can be copied, and without what Keras adds to containers."""
    if isinstance(value, dict):
        return {key: _packed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_packed(each) for each in value]
    is_layer = isinstance(value, keras.layers.Layer) and not isinstance(value, Module)
    return _Packed(value) if is_layer else value


def _unpacked(value):
    if isinstance(value, dict):
        return {key: _unpacked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    return value.layer() if isinstance(value, _Packed) else value


def _own(layer, attributes):
    """(name, value) of the attributes that are neither Keras's nor TensorFlow's."""
    of_keras = vars(_empty(type(layer))).keys()
    return [
        (name, value)
        for name, value in attributes.items()
        if name not in of_keras and not name.startswith('_self_')
    ]


def _empty(cls):
    """A layer or model of this class as Keras makes it, without any attributes of its own."""
    layer = cls.__new__(cls)
    base = keras.Model if issubclass(cls, keras.Model) else keras.layers.Layer
    base.__init__(layer)
    if issubclass(cls, Module):
        layer._uncover_loss()
    return layer


def _is_symbolic(value):
    """Whether this stands for an input that a model of Keras is made from."""
    try:
        return keras.backend.is_keras_tensor(value)
    except ValueError:  # Keras 2 says so of what is no tensor
        return False


@functools.cache
def _takes_training(function):
    """Whether the function has a parameter `training`, or takes any keywords, to pass them on."""
    parameters = inspect.signature(function).parameters.values()
    return any(each.name == 'training' or each.kind is each.VAR_KEYWORD for each in parameters)


# The mode of the module that calls others now.
_mode = contextvars.ContextVar('mode', default=None)
