"""Module on TensorFlow: a Keras model that also trains plain `tf.Variable`s."""

import tensorflow as tf

from d2lite.training import module
from d2lite_tensorflow.framework import NAME, keras

nn_Module = keras.Model


class Module(module.Module, keras.Model):
    backend = NAME
    training = None  # whether the Trainer is training or validating

    def __init__(self, plot_train_per_epoch=2, plot_valid_per_epoch=1):
        super().__init__(plot_train_per_epoch, plot_valid_per_epoch)
        # Keras 3 keeps the loss of `compile` here, and so would hide the method `loss`.
        self.__dict__.pop('loss', None)

    def forward(self, X):
        net = getattr(self, 'net', None)
        if isinstance(net, keras.layers.Layer):
            return net(X, training=self.training)
        return super().forward(X)

    def __call__(self, *inputs):
        # Not through Keras, which would round float64 inputs to float32.
        return self.forward(*inputs)

    def call(self, inputs, training=None):
        """What Keras calls in `predict` and the like."""
        return self.forward(inputs)

    @property
    def variables(self):
        """The variables of the layers, and the `tf.Variable`s among the model's attributes.

        Keras 3 overlooks the latter. What is trained is chosen among these.
        """
        own = [variable for _, variable in plain_variables(self)]
        return list({id(variable): variable for variable in [*super().variables, *own]}.values())

    def configure_optimizers(self):
        """Keras's own SGD, with the learning rate `lr`."""
        return keras.optimizers.SGD(self.required_lr())

    def apply_init(self, inputs, init=None):
        """Gives layers shapes by a pass over `inputs`, then applies `init` to each of `net`."""
        self.forward(*inputs)
        if init is not None:
            for layer in self.net.layers:
                init(layer)


def plain_variables(model):
    """(path, variable) of the `tf.Variable`s among a model's attributes."""
    return [(path, v) for path, v in module.attributes(model) if isinstance(v, tf.Variable)]
