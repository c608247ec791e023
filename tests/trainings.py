"""Training on given arrays, with what every step did: through `Trainer.fit` and nothing else."""

import dataclasses

import numpy as np
from contract import backend_of
from devices import on_device


@dataclasses.dataclass
class Run:
    """A training: `parameters` before the first step and after each, `losses` of each step."""

    trainer: object
    parameters: list
    losses: list

    @property
    def model(self):
        return self.trainer.model

    def moved(self, step, lr):
        """By name: the gradient with which SGD at `lr` made step `step`, counted from 0."""
        before, after = self.parameters[step], self.parameters[step + 1]
        return {name: (before[name] - after[name]) / np.float32(lr) for name in before}


class Batches:
    """A loader of given batches that looks at the parameters whenever it is asked for the next."""

    def __init__(self, batches, look):
        self.batches, self.look = batches, look

    def __len__(self):
        return len(self.batches)

    def first_batch(self):
        return self.batches[0]

    def __iter__(self):
        for batch in self.batches:
            yield batch
            self.look()


def images(d2l, X):
    """Images (n, height, width, channels), NumPy arrays, as the backend wants them."""
    if X.ndim == 4 and backend_of(d2l) in ('pytorch', 'mxnet'):
        X = X.transpose(0, 3, 1, 2)
    return d2l.DataModule.tensor(np.ascontiguousarray(X))


def as_neutral(d2l, X):
    """Tensors of images as NumPy arrays (n, height, width, channels), others as they are."""
    X = np.array(d2l.numpy(X))
    return X.transpose(0, 2, 3, 1) if X.ndim == 4 and backend_of(d2l) in ('pytorch', 'mxnet') else X


def labels(d2l, y):
    return d2l.DataModule.tensor(np.asarray(y, d2l.Digits.label_dtype))


def train(d2l, model, batches, val=(), max_epochs=1, init_params=None, trainer=None, **kwargs):
    """Trains on `batches`, a list of NumPy arrays (X, y), in this order in every epoch.

    X as `images` takes it; integer y are labels, others as they are.
    """

    def tensors(batch):
        X, y = batch
        is_label = np.issubdtype(np.asarray(y).dtype, np.integer)
        return images(d2l, X), labels(d2l, y) if is_label else d2l.DataModule.tensor(y)

    parameters = []

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            if train:
                return Batches([tensors(batch) for batch in batches], look)
            return [tensors(batch) for batch in val] or None

    def look():
        parameters.append(trainer.serialization.get_parameters(trainer))

    # Every batch is a point, so that the board has the loss of each.
    model.plot_train_per_epoch = len(batches)
    trainer = (trainer or d2l.Trainer)(max_epochs=max_epochs, **kwargs)

    def initial(found):
        given = init_params(found) if callable(init_params) else init_params or found
        parameters.append({name: np.array(array) for name, array in given.items()})
        return given

    trainer.fit(model, Data(), init_params=initial)
    losses = [point.y for point in model.board.data.get('train_loss', ())]
    return Run(trainer, parameters, losses)


def evaluate(d2l, trainer, X):
    """What the trained model puts out for images X, in evaluation."""
    model, X = trainer.model, on_device(d2l, images(d2l, X))
    model.training = False
    if backend_of(d2l) == 'pytorch':
        import torch

        model.eval()
        with torch.no_grad():
            return d2l.numpy(model(X))
    if backend_of(d2l) == 'jax':
        import jax

        if not hasattr(trainer, 'jitted_apply'):  # operation by operation it would take seconds
            trainer.jitted_apply = jax.jit(model.clone(training=False).apply)
        state = trainer.state
        variables = {'params': state.params, 'batch_stats': state.batch_stats}
        return d2l.numpy(trainer.jitted_apply(variables, X))
    if backend_of(d2l) == 'nnx':
        from flax import nnx

        model.eval()
        return d2l.numpy(nnx.jit(lambda model, X: model(X))(model, X))
    return d2l.numpy(model(X))


def random_parameters(seed):
    """`init_params` with no special values: no scale is 1 and no mean is 0."""

    def init_params(found):
        rng = np.random.default_rng(seed)
        uniform = {name: rng.uniform(0.2, 1, found[name].shape) for name in sorted(found)}
        return {
            # Weights of layers change their signs, scales and variances are positive.
            name: (2 * (array - 0.6) if array.ndim > 1 else array).astype(np.float32)
            for name, array in uniform.items()
        }

    return init_params
