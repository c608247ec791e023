"""Hyperparameter search on NNX: what a trial trains."""

from d2lite.search import tuner
from d2lite_jax.devices import num_gpus
from d2lite_nnx.convolution import LeNet
from d2lite_nnx.data import FashionMNIST
from d2lite_nnx.trainer import Trainer


class HPOTrainer(tuner.HPOTrainer, Trainer):
    __doc__ = tuner.HPOTrainer.__doc__


def hpo_objective_lenet(learning_rate: float, batch_size: int, max_epochs: int = 10) -> float:
    """The validation error of LeNet on Fashion-MNIST, on a GPU if there is one."""
    model, data = LeNet(lr=learning_rate), FashionMNIST(batch_size=batch_size)
    return tuner.trained_error(HPOTrainer(max_epochs, num_gpus=min(1, num_gpus())), model, data)
