"""Hyperparameter search on PyTorch: what a trial trains."""

from d2lite.search import tuner
from d2lite_torch.convolution import LeNet
from d2lite_torch.data import FashionMNIST
from d2lite_torch.devices import num_gpus
from d2lite_torch.trainer import Trainer


class HPOTrainer(tuner.HPOTrainer, Trainer):
    __doc__ = tuner.HPOTrainer.__doc__


def hpo_objective_lenet(learning_rate: float, batch_size: int, max_epochs: int = 10) -> float:
    """The validation error of LeNet on Fashion-MNIST, on a GPU if there is one."""
    model, data = LeNet(lr=learning_rate), FashionMNIST(batch_size=batch_size)
    return tuner.trained_error(HPOTrainer(max_epochs, num_gpus=min(1, num_gpus())), model, data)
