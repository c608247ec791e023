"""A single layer as a model: called on given arrays, with given parameters, and trained."""

from contract import backend_of
from devices import on_device

LR = 0.5


def model_of(d2l, layer, num_arguments):
    """A model that calls `layer` on its inputs, filled up with None, with a squared loss."""
    return {
        'pytorch': _torch,
        'mxnet': _mxnet,
        'tensorflow': _tensorflow,
        'jax': _jax,
        'nnx': _nnx,
    }[backend_of(d2l)](d2l, num_arguments)(layer)


def _torch(d2l, num_arguments):
    class Model(d2l.Module):
        lr = LR

        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, *inputs):
            return self.layer(*inputs, *[None] * (num_arguments - len(inputs)))

        def loss(self, y_hat, y):
            return ((y_hat - y) ** 2).mean()

    return Model


def _mxnet(d2l, num_arguments):
    class Model(_torch(d2l, num_arguments)):
        def __init__(self, layer):
            super().__init__(layer)
            self.initialize()

    return Model


def _tensorflow(d2l, num_arguments):
    class Model(d2l.Module):
        lr = LR

        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, *inputs):
            nones = [None] * (num_arguments - len(inputs))
            return self.layer(*inputs, *nones, training=self.training)

        def loss(self, y_hat, y):
            return d2l.reduce_mean((y_hat - y) ** 2)

    return Model


def _jax(d2l, num_arguments):
    from flax import linen as nn

    class Model(d2l.Module):
        layer: nn.Module
        lr: float = LR

        def forward(self, *inputs):
            nones = [None] * (num_arguments - len(inputs))
            output = self.layer(*inputs, *nones, training=self.training)
            return output[0] if isinstance(output, tuple) else output

        def loss(self, params, X, y, state):
            rngs = {'dropout': state.dropout_rng}
            return ((state.apply_fn({'params': params}, *X, rngs=rngs) - y) ** 2).mean()

    return Model


def _nnx(d2l, num_arguments):
    class Model(d2l.Module):
        lr = LR

        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, *inputs):
            return self.layer(*inputs, *[None] * (num_arguments - len(inputs)))

        def loss(self, y_hat, y):
            return ((y_hat - y) ** 2).mean()

    return Model


def tensors(d2l, arrays):
    return tuple(on_device(d2l, d2l.DataModule.tensor(array)) for array in arrays)


def fitted(d2l, model, batch, init_params=None, max_epochs=1, val=None, **kwargs):
    """The trainer after `max_epochs` steps on one batch of NumPy arrays."""
    batch, val = tensors(d2l, batch), val and tensors(d2l, val)

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [batch] if train else [val] if val else None

    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    trainer.fit(model, Data(), init_params=init_params)
    return trainer


def gradients(d2l, model, batch, init_params):
    """By name: the gradients of the loss of a batch at the parameters `init_params`."""
    after = fitted(d2l, model, batch, init_params).get_parameters()
    return {name: (init_params[name] - array) / LR for name, array in after.items()}


def called(d2l, trainer, *inputs):
    """What the trained model puts out, in evaluation."""
    model = trainer.model
    if backend_of(d2l) == 'jax':
        import jax

        apply = jax.jit(model.clone(training=False).apply)  # one by one, operations take seconds
        return d2l.numpy(apply({'params': trainer.state.params}, *inputs))
    if backend_of(d2l) == 'pytorch':
        import torch

        model.eval()
        with torch.no_grad():
            return d2l.numpy(model(*inputs))
    if backend_of(d2l) == 'nnx':
        from flax import nnx

        model.eval()
        return d2l.numpy(nnx.jit(lambda model, *inputs: model(*inputs))(model, *inputs))
    model.training = False
    return d2l.numpy(model(*inputs))
