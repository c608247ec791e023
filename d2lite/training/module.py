"""Module: a model that knows its loss, its optimizer and how to report its training.

Here is what is the same on every backend; each backend adds its framework's base class. On JAX the
parameters travel beside the model, so that backend has `training_step` and `loss` of its own.
"""

from collections.abc import Iterator
from typing import Any

from d2lite.hyperparameters import HyperParameters
from d2lite.plotting.board import ProgressBoard
from d2lite.training.arguments import check_loss
from d2lite.training.batches import num_examples
from d2lite.training.mistakes import check_initialized, check_output

__all__ = ['Module', 'attributes', 'check_same_size', 'set_attribute']


class Module(HyperParameters):
    """Base class of the lessons' models.

    A subclass defines `forward` (or the attribute `net`), `loss` and `configure_optimizers`.
    `plot_train_per_epoch`, `plot_valid_per_epoch`: points an epoch that `plot` draws, 0 for none.
    Definition: d2l, section "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except (AttributeError, RuntimeError):
            check_initialized(self)  # else the framework's own words
            raise

    def forward(self, X: Any) -> Any:
        """The predictions for inputs X: those of `self.net`, unless a subclass says otherwise."""
        net = getattr(self, 'net', None)
        if net is None:
            raise NotImplementedError(
                f'{type(self).__name__} must define forward(self, X), or set self.net in __init__'
            )
        return net(X)

    def loss(self, y_hat: Any, y: Any) -> Any:
        """The loss of predictions y_hat against labels y, a scalar."""
        raise NotImplementedError(f'{type(self).__name__} must define loss(self, y_hat, y)')

    def configure_optimizers(self) -> Any:
        """The optimizer that is to train this model: SGD with the learning rate `lr`."""
        raise NotImplementedError('each backend defines configure_optimizers')

    def required_lr(self) -> float:
        """The attribute `lr`, for the optimizer. Raises NotImplementedError without one.

        An integer comes as a float, for which Keras asks; a schedule as it is.
        """
        if not hasattr(self, 'lr'):
            raise NotImplementedError(
                f'{type(self).__name__} has no learning rate: set self.lr for plain SGD, or define '
                f'configure_optimizers(self), which returns the optimizer'
            )
        return float(self.lr) if isinstance(self.lr, int) else self.lr

    def training_step(self, batch: Any) -> Any:
        """The loss of a minibatch (inputs, ..., labels), to be differentiated."""
        loss = self.loss(check_output(self, self(*batch[:-1])), batch[-1])
        check_loss(self, loss, 'loss')
        self.plot('loss', loss, train=True)
        return loss

    def validation_step(self, batch: Any) -> None:
        """Reports the loss of a validation minibatch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]), train=False)

    def batch_weight(self, batch: Any) -> float:
        """How much the loss of a minibatch counts in a mean with others: its number of examples.

        Several processes weight their shares with it. A loss that is a mean over something else,
        such as the tokens that are no padding, returns how many of these there are.
        """
        return num_examples(batch)

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Reports `value`, a scalar, under `key`: to the trainer's history and to the board.

        Training values are drawn at the fraction of the epoch they come from, the mean of
        1/plot_train_per_epoch of an epoch to a point; validation values at the end of the epoch.
        """
        trainer = getattr(self, 'trainer', None)
        if trainer is None:
            raise RuntimeError(
                f'{type(self).__name__} has no trainer yet, so there is nothing to plot against: '
                f'train it with Trainer(max_epochs=...).fit(model, data)'
            )
        shape = tuple(getattr(value, 'shape', ()))
        if any(length != 1 for length in shape):
            raise ValueError(
                f'plot({key!r}, ...) takes one number, got shape {shape}: average it over the '
                f'minibatch, e.g. with d2l.reduce_mean'
            )
        for _ in shape:  # a tensor of one element is as good as a scalar
            value = value[0]
        if hasattr(value, 'detach'):
            value = value.detach()  # the graph that it came from would be kept alive
        trainer.metrics.log(f'train_{key}' if train else f'val_{key}', value)

    def __getstate__(self):
        """The attributes to copy and to pickle: the trainer, with all its data, stays behind."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != 'trainer'}


def check_same_size(y_hat: Any, y: Any) -> None:
    """Raises ValueError, naming both shapes, unless y can be reshaped to the shape of y_hat.

    Subtracting labels of shape (n,) from predictions of shape (n, 1) would give (n, n).
    """

    if y_hat.shape == y.shape:
        return

    def without_ones(shape):
        return [length for length in shape if length != 1]

    y_hat_shape, y_shape = tuple(y_hat.shape), tuple(y.shape)
    if without_ones(y_hat_shape) != without_ones(y_shape):
        raise ValueError(
            f'predictions of shape {y_hat_shape} do not match labels of shape {y_shape}: each '
            f'prediction needs one label'
        )


def attributes(model: 'Module') -> Iterator[tuple[str, Any]]:
    """(path, value) of a model's own attributes, and of the entries of its lists and dictionaries.

    There a scratch model keeps what it trains, which is no parameter to its framework. What is
    there twice, as an attribute and in a list, comes once.
    """
    seen = set()
    for path, value in _attributes(model):
        if id(value) not in seen:
            seen.add(id(value))
            yield path, value


def _attributes(model):
    for name, value in vars(model).items():
        if name.startswith('_') or name == 'hparams':
            continue
        if isinstance(value, list | tuple):
            yield from ((f'{name}.{index}', each) for index, each in enumerate(value))
        elif isinstance(value, dict):
            yield from ((f'{name}.{key}', each) for key, each in value.items())
        else:
            yield name, value


def set_attribute(model: 'Module', path: str, value: Any) -> None:
    """Sets what `attributes` found at `path`, not in a tuple, perhaps in a module of the model."""
    name, _, key = path.partition('.')
    if key:
        container = getattr(model, name)
        if isinstance(container, Module):
            set_attribute(container, key, value)
        else:
            container[int(key) if isinstance(container, list) else key] = value
    else:
        setattr(model, name, value)
