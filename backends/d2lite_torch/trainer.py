"""Trainer on PyTorch."""

import torch
from torch import nn

from d2lite import trainer
from d2lite_torch import state
from d2lite_torch.devices import gpu, num_gpus
from d2lite_torch.framework import NAME, version
from d2lite_torch.module import plain_tensors


class Trainer(trainer.Trainer):
    backend = NAME
    state_of = state
    framework_version = version()

    def fit_epoch(self):
        self.model.train()
        for batch in self.train_dataloader:
            loss = self.model.training_step(self.prepare_batch(batch))
            self.optim.zero_grad()
            with torch.no_grad():
                loss.backward()
                if self.gradient_clip_val > 0:
                    self.clip_gradients(self.gradient_clip_val, self.model)
                self.optim.step()
            self.train_batch_idx += 1
        if self.val_dataloader is None:
            return
        self.model.eval()
        for batch in self.val_dataloader:
            with torch.no_grad():
                self.model.validation_step(self.prepare_batch(batch))
            self.val_batch_idx += 1

    def clip_gradients(self, grad_clip_val, model):
        """Scales the gradients down so that their common norm is at most `grad_clip_val`."""
        # Not the model's own `parameters`: a lesson's may return its plain tensors.
        params = [*nn.Module.parameters(model), *(tensor for _, tensor in plain_tensors(model))]
        grads = [param.grad for param in params if param.grad is not None]
        norm = torch.sqrt(sum(torch.sum(grad**2) for grad in grads))
        if norm > grad_clip_val:
            for grad in grads:
                grad *= grad_clip_val / norm

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
