"""Loops on TensorFlow: its guide's, and the best that we know, as graphs without XLA and with."""

import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # importing it prints less with this

import numpy as np
import tensorflow as tf

from benchmarks.loop import Loop, Losses, slices
from benchmarks.sequences_tensorflow import NETWORKS
from benchmarks.workloads import Data, Workload

keras = tf.keras
layers = keras.layers  # imports Keras, which is no part of a fit


class TensorFlowLoop(Loop):
    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        self.data = data
        self.net = network(self.workload)
        self.net.set_weights(parameters)
        self.params = self.net.trainable_variables
        self.loss_fn = cross_entropy if self.workload.classifies else half_mse
        self.prepare()

    def arrays(self) -> list:
        return self.net.get_weights()


class Tutorial(TensorFlowLoop):
    """As in Keras's "Writing a training loop from scratch", with the `tf.function` that it ends
    with: tf.data, a GradientTape, an optimizer.
    """

    def prepare(self) -> None:
        data = self.data
        self.train_dataset = self.dataset(data.X, data.y).shuffle(len(data.X))
        self.train_dataset = self.train_dataset.batch(self.batch_size)
        self.val_dataset = self.dataset(data.X_val, data.y_val).batch(self.batch_size)
        optimizer = keras.optimizers.SGD(learning_rate=self.lr)

        @tf.function
        def train_step(X, y):
            with tf.GradientTape() as tape:
                loss = self.loss_fn(y, self.net(X, training=True))
            grads = tape.gradient(loss, self.net.trainable_weights)
            optimizer.apply(grads, self.net.trainable_weights)
            return loss

        @tf.function
        def test_step(X, y):
            return self.loss_fn(y, self.net(X, training=False))

        self.train_step, self.test_step = train_step, test_step

    @staticmethod
    def dataset(X: np.ndarray, y: np.ndarray) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices((X, y))

    def epoch(self) -> Losses:
        if self.orders is not None:  # instead of tf.data's
            order = self.order()
            dataset = self.dataset(self.data.X[order], self.data.y[order])
            self.train_dataset = dataset.batch(self.batch_size)
        for step, (X, y) in enumerate(self.train_dataset):
            loss = self.train_step(X, y)
            if step % 100 == 0:
                float(loss)
        if not self.validates:
            return None, None
        val_losses = [self.test_step(X, y) for X, y in self.val_dataset]
        return None, float(tf.reduce_mean(val_losses))


class Best(TensorFlowLoop):
    """A whole epoch in one call: a loop in the graph, which gathers each batch.

    With iterations that may overlap, as by default, it takes 1.05 to 1.1 times as long; with plain
    functions instead of Keras's layers 0.9 (W1) to 1.0 times.
    """

    xla = False

    def prepare(self) -> None:
        arrays = self.data.X, self.data.y, self.data.X_val, self.data.y_val
        self.X, self.y, self.X_val, self.y_val = map(tf.constant, arrays)
        self.whole_epoch = tf.function(self.traced_epoch, jit_compile=self.xla)

    def epoch(self) -> Losses:
        losses = self.whole_epoch(tf.constant(self.order().astype(np.int32)))
        return tuple(float(loss) for loss in losses) if self.validates else (float(losses), None)

    def traced_epoch(self, order):
        whole, rest = divmod(self.workload.num_train, self.batch_size)
        rows = tf.reshape(order[: whole * self.batch_size], (whole, self.batch_size))
        losses = tf.TensorArray(tf.float32, whole)
        for i in tf.range(whole):
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            losses = losses.write(i, self.step(rows[i]))
        losses = losses.stack()
        if rest:
            losses = tf.concat([losses, [self.step(order[-rest:])]], 0)
        if self.validates:
            return tf.reduce_mean(losses), self.validate()
        return tf.reduce_mean(losses)

    def step(self, rows: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = self.loss(tf.gather(self.X, rows), tf.gather(self.y, rows))
        for param, grad in zip(self.params, tape.gradient(loss, self.params), strict=True):
            param.assign_sub(self.lr * tf.convert_to_tensor(grad))  # of an embedding it is rows
        return loss

    def loss(self, X: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return self.loss_fn(y, self.net(X))

    def validate(self) -> tf.Tensor:
        rows = slices(self.workload.num_val, self.batch_size)
        losses = [self.loss(self.X_val[each], self.y_val[each]) for each in rows]
        return tf.reduce_mean(tf.stack(losses))


class Compiled(Best):
    """The same with XLA. With convolutions, which are several times as slow within its loops, each
    step is a call, of a function for its size of a batch.
    """

    xla = True

    def prepare(self) -> None:
        super().prepare()
        whole, rest = divmod(self.workload.num_train, self.batch_size)
        self.sizes = [self.batch_size] * whole + [rest] * (rest > 0)
        self.one_step = tf.function(self.step, jit_compile=True)
        self.validation = tf.function(self.validate, jit_compile=True)

    def epoch(self) -> Losses:
        if self.workload.model != 'lenet':
            return super().epoch()
        order = tf.split(tf.constant(self.order().astype(np.int32)), self.sizes)
        losses = [self.one_step(rows) for rows in order]
        val_loss = float(self.validation()) if self.validates else None
        return float(tf.reduce_mean(losses)), val_loss


def half_mse(y: tf.Tensor, y_hat: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean((y_hat - y) ** 2) / 2


def cross_entropy(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))


def network(workload: Workload) -> keras.Model:
    if workload.has_tokens:
        return NETWORKS[workload.model]()
    parts = {
        'mlp': lambda: [layers.Dense(256, activation='relu'), layers.Dense(10)],
        'lenet': lambda: [
            layers.Conv2D(6, kernel_size=5, padding='same', activation='sigmoid'),
            layers.AvgPool2D(pool_size=2, strides=2),
            layers.Conv2D(16, kernel_size=5, activation='sigmoid'),
            layers.AvgPool2D(pool_size=2, strides=2),
            layers.Flatten(),
            layers.Dense(120, activation='sigmoid'),
            layers.Dense(84, activation='sigmoid'),
            layers.Dense(10),
        ],
    }.get(workload.model, lambda: [layers.Dense(1)])
    return keras.Sequential([keras.Input(workload.input_shape), *parts()])
