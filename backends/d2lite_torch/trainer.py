"""Trainer on PyTorch."""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from d2lite.training import trainer
from d2lite_torch import state
from d2lite_torch.compiled import Compiled
from d2lite_torch.devices import gpu, num_gpus
from d2lite_torch.framework import NAME, version
from d2lite_torch.module import plain_tensors
from d2lite_torch.optimizer import PlainSGD, is_plain


class Trainer(trainer.Trainer):
    backend = NAME
    state_of = state
    framework_version = version()
    compilation = Compiled
    compiles_if = (True,)

    def fit_epoch(self):
        if self.compiles():
            return self.compiled.fit_epoch()
        self.model.train()
        no_grad = torch.no_grad()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.update.zero_grad()
            with no_grad:
                loss.backward()
                self.apply_gradients()
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        with no_grad:
            for batch in self.val_dataloader:
                self.model.validation_step(self.prepare_batch(batch))
                self.val_batch_idx += 1

    def prepare_parameters(self, init_params):
        """The parameters that training starts from: as the model made them, or as given."""
        # Lazy layers get theirs now and not in the first step, between the numbers of dropout.
        if any(map(is_lazy, nn.Module.parameters(self.model))):
            self.state_of.build(self, self.first_batch())
        super().prepare_parameters(init_params)

    def set_training(self, training):
        self.model.train(training)

    def prepare_optimizer(self):
        """Asks the model for its optimizer, which then updates the parameters."""
        if not self.gpus:
            arrange_weights(self.model)
        super().prepare_optimizer()
        self.update = PlainSGD(self.optim) if is_plain(self.optim) else self.optim

    def apply_gradients(self):
        """Clips the gradients, if they are to be clipped, and makes the update."""
        if self.gradient_clip_val > 0:
            self.clip_gradients(self.gradient_clip_val, self.model)
        self.update.step()

    def clip_gradients(self, grad_clip_val, model):
        """Scales the gradients down so that their common norm is at most `grad_clip_val`."""
        # Not the model's own `parameters`: a lesson's may return its plain tensors.
        params = [*nn.Module.parameters(model), *(tensor for _, tensor in plain_tensors(model))]
        grads = [param.grad for param in params if param.grad is not None]
        norm = torch.sqrt(sum(torch.sum(grad**2) for grad in grads))
        if norm > grad_clip_val:
            for grad in grads:
                grad *= grad_clip_val / norm

    def numbers(self, values):
        if self.gpus and all(isinstance(value, torch.Tensor) for value in values):
            return torch.stack([value.reshape(()) for value in values]).tolist()  # one wait
        return super().numbers(values)

    @staticmethod
    def find_gpus():
        return [gpu(i) for i in range(num_gpus())]

    def move_model(self, model):
        model.to(self.gpus[0])
        # A scratch model's plain tensors are no parameters to PyTorch, and do not move with it.
        for _, tensor in plain_tensors(model):
            tensor.data = tensor.data.to(self.gpus[0])

    def move_batch(self, batch):
        return [tensor.to(self.gpus[0]) for tensor in batch]


def arrange_weights(model):
    """Lays the weights of convolutions out with their channels last, as CPUs have them fastest.

    A tenth of the time of LeNet. Nothing else changes: shapes and numbers are as before.
    """
    for param in nn.Module.parameters(model):
        if not is_lazy(param) and param.ndim == 4:
            # `contiguous` would leave a weight for one channel as it is, which would be slower.
            param.data = param.data.to(memory_format=torch.channels_last)
