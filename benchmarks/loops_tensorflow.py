"""Loops on TensorFlow: its guide's, and the best that we know, as graphs without XLA and with."""

import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # importing it prints less with this

import numpy as np
import tensorflow as tf

from benchmarks.loop import Loop, slices
from d2lite_tensorflow.data import DataModule

keras = tf.keras
layers = keras.layers  # imports Keras, which is no part of a fit


class Tutorial(Loop):
    """As in Keras's "Writing a training loop from scratch", in its plain, eager form: tf.data,
    a GradientTape, an optimizer.
    """

    def build(self, data, parameters):
        self.data = data
        self.train_dataset = self.dataset(data.X, data.y).shuffle(len(data.X))
        self.train_dataset = self.train_dataset.batch(self.batch_size)
        self.val_dataset = self.dataset(data.X_val, data.y_val).batch(self.batch_size)
        self.model = model(self.workload)
        self.model.set_weights(parameters)
        if self.workload.classifies:
            self.loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        else:
            self.loss_fn = half_mse
        self.optimizer = keras.optimizers.SGD(learning_rate=self.lr)

    @staticmethod
    def dataset(X, y):
        return tf.data.Dataset.from_tensor_slices((X, y))

    def epoch(self):
        if self.orders is not None:  # instead of tf.data's
            order = self.order()
            dataset = self.dataset(self.data.X[order], self.data.y[order])
            self.train_dataset = dataset.batch(self.batch_size)
        for step, (X, y) in enumerate(self.train_dataset):
            with tf.GradientTape() as tape:
                loss = self.loss_fn(y, self.model(X, training=True))
            grads = tape.gradient(loss, self.model.trainable_weights)
            self.optimizer.apply(grads, self.model.trainable_weights)
            if step % 100 == 0:
                float(loss)
        if not self.validates:
            return None, None
        val_losses = [self.loss_fn(y, self.model(X, training=False)) for X, y in self.val_dataset]
        return None, float(tf.reduce_mean(val_losses))

    def parameters(self):
        return self.model.get_weights()


def half_mse(y, y_hat):
    return tf.reduce_mean((y_hat - y) ** 2) / 2


def model(workload):
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


class GraphLoop(Loop):
    """Plain functions of variables, in a `tf.function`."""

    xla = False

    def build(self, data, parameters):
        arrays = (data.X, data.y, data.X_val, data.y_val)
        self.X, self.y, self.X_val, self.y_val = map(DataModule.tensor, arrays)
        self.params = [tf.Variable(array) for array in parameters]

    def parameters(self):
        return [param.numpy() for param in self.params]

    def loss(self, X, y):
        predictions = FORWARD[self.workload.model](self.params, X)
        if not self.workload.classifies:
            return half_mse(y, predictions)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=predictions)
        return tf.reduce_mean(losses)

    def step(self, rows):
        with tf.GradientTape() as tape:
            loss = self.loss(tf.gather(self.X, rows), tf.gather(self.y, rows))
        for param, grad in zip(self.params, tape.gradient(loss, self.params), strict=True):
            param.assign_sub(self.lr * grad)
        return loss

    def validate(self):
        return tf.reduce_mean(
            tf.stack(
                [
                    self.loss(self.X_val[rows], self.y_val[rows])
                    for rows in slices(self.workload.num_val, self.batch_size)
                ]
            )
        )


class Epochs(GraphLoop):
    """A whole epoch in one call: a loop in the graph, which gathers each batch.

    With iterations that may overlap, as by default, it takes 1.05 to 1.1 times as long; with the
    parameters as loop variables that are assigned at the end, about the same.
    """

    def build(self, data, parameters):
        super().build(data, parameters)
        self.graph_epoch = tf.function(self.traced_epoch, jit_compile=self.xla)

    def epoch(self):
        losses = self.graph_epoch(tf.constant(self.order().astype(np.int32)))
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


class Steps(GraphLoop):
    """A call for each step, which gathers its batch.

    On W1 and W2 four times as slow as a loop in the graph, on W3 and W4 1.1 to 1.2 times; with XLA
    a loop in the graph is several times as slow on W4. To have the functions for the two sizes of a
    batch at hand takes 0.6 (W1) to 0.95 (W4) of the time of a call that has to look for the right
    one. To gather the whole array and to call with slices takes 1.1 (W4) to 3.5 times (W1) as long.
    """

    def build(self, data, parameters):
        super().build(data, parameters)
        whole, rest = divmod(self.workload.num_train, self.batch_size)
        self.sizes = [self.batch_size] * whole + [rest] * (rest > 0)
        function = tf.function(self.step, jit_compile=self.xla)
        # One for whole batches and one for the partial last one, no padding.
        self.graph_steps = {
            size: function.get_concrete_function(tf.TensorSpec((size,), tf.int32))
            for size in set(self.sizes)
        }
        self.graph_validation = tf.function(self.validate, jit_compile=self.xla)

    def epoch(self):
        order = tf.split(tf.constant(self.order().astype(np.int32)), self.sizes)
        losses = [self.graph_steps[len(rows)](rows) for rows in order]
        val_loss = float(self.graph_validation()) if self.validates else None
        return float(tf.reduce_mean(losses)), val_loss


class EpochsXLA(Epochs):
    xla = True


class StepsXLA(Steps):
    xla = True


def linear(params, X):
    weight, bias = params
    return X @ weight + bias


def mlp(params, X):
    weight_1, bias_1, weight_2, bias_2 = params
    return tf.nn.relu(X @ weight_1 + bias_1) @ weight_2 + bias_2


def lenet(params, X):
    weight_1, bias_1, weight_2, bias_2, *dense = params
    X = tf.sigmoid(tf.nn.bias_add(tf.nn.conv2d(X, weight_1, 1, 'SAME'), bias_1))
    X = tf.nn.avg_pool2d(X, 2, 2, 'VALID')
    X = tf.sigmoid(tf.nn.bias_add(tf.nn.conv2d(X, weight_2, 1, 'VALID'), bias_2))
    X = tf.reshape(tf.nn.avg_pool2d(X, 2, 2, 'VALID'), (-1, 400))
    X = tf.sigmoid(X @ dense[0] + dense[1])
    X = tf.sigmoid(X @ dense[2] + dense[3])
    return X @ dense[4] + dense[5]


FORWARD = {'scratch': linear, 'linear': linear, 'mlp': mlp, 'lenet': lenet}


def best_compiled(workload, *args, **kwargs):
    """The faster of the two with XLA, which for LeNet is slower than without."""
    loop = StepsXLA if workload.model == 'lenet' else EpochsXLA
    return loop(workload, *args, **kwargs)


CONTENDERS = {'tutorial': Tutorial, 'best': Epochs, 'best compiled': best_compiled}
