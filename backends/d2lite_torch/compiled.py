"""Compiled steps on PyTorch: torch.export, torch.func and torch.compile."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from d2lite.training import compiled
from d2lite.training.arguments import check_loss
from d2lite.training.batches import map_batch, tensors_of
from d2lite.training.compiled import CannotCompile, collected_outputs
from d2lite.training.step_code import plain_attributes
from d2lite_torch import distributed
from d2lite_torch.channels import is_unsafe
from d2lite_torch.module import plain_tensors
from d2lite_torch.optimizer import SGD

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer

STEPS_IN_A_CALL = 8  # of a small model with plain SGD
SMALL = 2**16  # parameters
MOST_SHAPES = 6  # of batches, in training and validation together


class Step(nn.Module):
    """A step of `trainer` as a module, so that `functional_call` can give it its parameters."""

    def __init__(self, trainer: 'Trainer', train: bool, prepare: bool) -> None:
        super().__init__()
        self.model = trainer.model
        self.step = trainer.loss_of if train else trainer.val_step
        self.trainer, self.prepare, self.train_step = trainer, prepare, train

    def forward(self, batch: Any) -> tuple:
        with collected_outputs(self.trainer) as outputs:
            loss = self.step(self.trainer.prepare_batch(batch) if self.prepare else batch)
        if self.train_step:
            check_loss(self.model, loss)
        self.labels = outputs.labels
        return loss if self.train_step else torch.zeros(()), [
            torch.as_tensor(value) for value in outputs.values
        ]


class CompiledEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__
    compiles_in_calls = True

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        if trainer.trains_together:
            raise CannotCompile(distributed.SUMS_ON_THE_WAY)
        self.model = trainer.model
        if plain_tensors(self.model) and not list(nn.Module.parameters(self.model)):
            raise CannotCompile('its tensors are no nn.Parameter, which torch.func asks for')
        if any(isinstance(module, nn.RNNBase) for module in nn.Module.modules(self.model)):
            raise CannotCompile(
                'torch.compile has no program for a recurrent layer of PyTorch, and would take '
                'minutes to compile it step by step'
            )
        self.params = dict(nn.Module.named_parameters(self.model))
        self.params = {name: p for name, p in self.params.items() if p.requires_grad}
        self.programs = {}
        torch.compiler.reset()  # what earlier trainings have compiled counts against a limit
        whole = self.prepares_in_step(train=True)
        small = sum(p.numel() for p in self.params.values()) <= SMALL
        convolutions = any(p.ndim > 2 for p in self.params.values())
        # Several steps in a call hand on parameters only, and no running statistics.
        moves = convolutions or any(True for _ in nn.Module.buffers(self.model))
        self.loops = whole and small and not moves and self.plain_lr() is not None
        # The same random numbers as without; and no layout of convolutions that is unsafe.
        self.options = {'fallback_random': True}
        if any(map(is_unsafe, nn.Module.modules(self.model))):
            self.options['layout_optimization'] = False

    def plain_lr(self) -> float | None:
        """The learning rate if the update is no more than param - lr * gradient, else None."""
        optim = self.trainer.optim
        if self.trainer.gradient_clip_val > 0 or self.trainer.scaler is not None:
            return None
        if type(optim) is SGD:
            params = optim.params
        elif type(optim) is torch.optim.SGD and len(optim.param_groups) == 1:
            group = optim.param_groups[0]
            params = group['params']
            if any(group[name] for name in ('momentum', 'weight_decay', 'maximize')):
                return None
        else:
            return None
        if {id(p) for p in params} != {id(p) for p in self.params.values()}:
            return None
        return optim.lr if type(optim) is SGD else group['lr']

    def objects_read(self) -> tuple:
        # The optimizer is not part of what is compiled, but for its learning rate, an input.
        return plain_attributes(self.trainer), type(self.trainer), self.trainer.model

    def values_read(self) -> tuple:
        trained = [p.requires_grad for p in nn.Module.parameters(self.model)]
        return super().values_read(), modes_of(self.model), tuple(trained), self.plain_lr() is None

    def trace(self, batch: Sequence[torch.Tensor], train: bool) -> None:
        if not self.prepares_in_step(train):
            batch = self.trainer.prepare_batch(batch)
        self.program(map_batch(torch.as_tensor, batch), train)

    def program(self, batch: Sequence[torch.Tensor], train: bool) -> tuple:
        """The compiled step for batches of these shapes."""
        key = train, tuple((tensor.shape, tensor.dtype) for tensor in tensors_of(batch))
        if key not in self.programs:
            self.programs[key] = self.compile_step(batch, train)
        return self.programs[key]

    def compile_step(self, batch: Sequence[torch.Tensor], train: bool) -> tuple:
        step = Step(self.trainer, train, self.prepares_in_step(train))
        with torch.random.fork_rng(devices=[]):
            graph = torch.export.export(step, (batch,), strict=False).module()
        self.labels[train] = step.labels
        buffers = {name: b for name, b in graph.named_buffers()}

        def run(params, buffers, batch, scale=None):
            def loss_of(params):
                now = {name: buffer.clone() for name, buffer in buffers.items()}
                named = {f'model.{name}': param for name, param in params.items()}
                loss, values = functional_call(graph, named | now, (batch,))
                return (loss if scale is None else loss * scale), (values, now)

            if not train:
                return {}, *loss_of(params)[1]
            grads, (_, (values, now)) = grad_and_value(loss_of, has_aux=True)(params)
            return grads, values, now

        if len(self.programs) >= MOST_SHAPES:  # torch.compile takes no more of one function
            return run, run, buffers
        return torch.compile(run, fullgraph=True, dynamic=False, options=self.options), run, buffers

    def step(self, batch: Sequence[torch.Tensor], train: bool) -> list:
        batch = map_batch(torch.as_tensor, batch)
        compiled_step, _, buffers = self.program(batch, train)
        params = {name: param.detach() for name, param in self.params.items()}
        with torch.no_grad():
            grads, values, now = compiled_step(params, buffers, batch, self.loss_scale())
            for name, buffer in buffers.items():
                buffer.copy_(now[name])
            if train:
                self.trainer.optim.zero_grad()
                for name, param in self.params.items():
                    param.grad = grads[name]
                self.trainer.apply_gradients()
        return [[value] for value in values]

    def loss_scale(self) -> torch.Tensor | None:
        """By what the loss is multiplied in '16-mixed'."""
        scaler, device = self.trainer.scaler, next(iter(self.params.values())).device
        return None if scaler is None else scaler.scale(torch.ones((), device=device))

    def steps(self, order: Any, start: int, stop: int, train: bool) -> list:
        loader, found = self.loader(train), []
        size = loader.batch_size
        at_the_end = loader.num_examples // size % STEPS_IN_A_CALL  # whole batches that are left
        params = {name: param.detach() for name, param in self.params.items()}
        lr = torch.tensor(self.plain_lr())
        with torch.no_grad():
            while start < stop:
                count = min(STEPS_IN_A_CALL, stop - start)
                if count not in (STEPS_IN_A_CALL, at_the_end):
                    count = 1  # rather than one more compilation
                rows = slice(start * size, (start + count) * size)
                rows = rows if order is None else order[rows]
                tensors = [loader.data.gather(tensor, rows) for tensor in loader.tensors]
                params, values = self.several(count, train, tensors)(params, lr, tensors)
                found.append(values)
                start += count
            if train:
                for name, param in self.params.items():
                    param.copy_(params[name])
        return [torch.cat(values).tolist() for values in zip(*found, strict=True)]

    def several(self, count: int, train: bool, tensors: Sequence[torch.Tensor]) -> Callable:
        """The program of `count` steps of plain SGD; values as tensors (count,)."""
        if (train, count) not in self.programs:
            size = len(tensors[0]) // count
            _, run, buffers = self.program([tensor[:size] for tensor in tensors], train)

            def run_steps(params, lr, tensors):
                found = []
                for batch in zip(*(tensor.split(size) for tensor in tensors), strict=True):
                    grads, values, _ = run(params, buffers, batch)
                    params = {n: p - lr * grads[n] if n in grads else p for n, p in params.items()}
                    found.append(values)
                return params, [torch.stack(values) for values in zip(*found, strict=True)]

            self.programs[train, count] = torch.compile(
                run_steps, fullgraph=True, dynamic=False, options=self.options
            )
        return self.programs[train, count]


def modes_of(model: nn.Module) -> tuple:
    """The plain attributes of all layers: `training`, the rate of a dropout, and the like."""
    layers = nn.Module.modules(model)
    return tuple(value for layer in layers for value in plain_attributes(layer).values())
