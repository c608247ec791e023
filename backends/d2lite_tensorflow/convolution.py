"""Convolution on TensorFlow: the operation, and LeNet."""

import tensorflow as tf

from d2lite.training import convolution
from d2lite_tensorflow import tensor
from d2lite_tensorflow.classification import Classifier
from d2lite_tensorflow.framework import keras


def corr2d(X: tf.Tensor, K: tf.Tensor) -> tf.Tensor:
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding."""
    return convolution.corr2d(tensor, X, K)


def init_cnn(layer: keras.layers.Layer) -> None:
    """Xavier-uniform weights for a dense or convolutional layer; for `apply_init`.

    Nothing for a layer that has no weights before its first inputs.
    """
    if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D) and layer.built:
        # Keras's default by another name; another seed each time.
        initializer = keras.initializers.GlorotUniform()
        layer.kernel.assign(initializer(layer.kernel.shape, layer.kernel.dtype))


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, 28, 28, c).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        layers = keras.layers
        self.net = keras.Sequential(
            [
                layers.Conv2D(6, kernel_size=5, padding='same', activation='sigmoid'),
                layers.AvgPool2D(pool_size=2, strides=2),
                layers.Conv2D(16, kernel_size=5, activation='sigmoid'),
                layers.AvgPool2D(pool_size=2, strides=2),
                layers.Flatten(),
                layers.Dense(120, activation='sigmoid'),
                layers.Dense(84, activation='sigmoid'),
                layers.Dense(num_classes),
            ]
        )
