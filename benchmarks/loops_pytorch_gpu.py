"""Loops on PyTorch for a GPU, in float32 throughout: its tutorial's, and the best that we know."""

from collections.abc import Callable

import numpy as np
import torch

from benchmarks import loops_pytorch
from benchmarks.loop import Losses
from benchmarks.workloads import Data


class OnGpu:
    device = 'cuda'
    sgd = {}
    channels_last = False
    benchmark = False  # lets cuDNN try which of its convolutions is the fastest

    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        with self.settings():
            super().build(data, parameters)

    def fit(self, num_epochs: int, stamp: Callable[[], None] = lambda: None) -> None:
        with self.settings():
            super().fit(num_epochs, stamp)

    def settings(self):
        """Convolutions in true float32 too, for which PyTorch would take TF32."""
        return torch.backends.cudnn.flags(enabled=True, benchmark=self.benchmark, allow_tf32=False)

    def wait(self) -> None:
        """Until the GPU has done all that it was asked for."""
        if self.device == 'cuda':
            torch.cuda.synchronize()


class Tutorial(OnGpu, loops_pytorch.Tutorial):
    """The same as on the CPU: the DataLoader makes a batch, which then goes to the GPU."""

    def epoch(self) -> Losses:
        losses = super().epoch()
        self.wait()
        return losses


class Best(OnGpu, loops_pytorch.Best):
    """The data lie on the GPU, and the order goes there once an epoch.

    It makes the update as the lesson does: by hand on W1, by `torch.optim.SGD` on the others. On an
    H100 that took 0.9 (LeNet) to 1.2 times (MLP) as long as by hand; foreach=True and fused=True
    were no faster, nor was LeNet with its channels last.
    """

    def prepare(self) -> None:
        tensors = self.X, self.y, self.X_val, self.y_val
        self.X, self.y, self.X_val, self.y_val = (tensor.to(self.device) for tensor in tensors)
        super().prepare()

    def epoch(self) -> Losses:
        order = torch.from_numpy(self.order()).to(self.device)
        losses = torch.stack([self.step(rows) for rows in order.split(self.batch_size)])
        return self.end_of_epoch(losses)

    def end_of_epoch(self, losses: torch.Tensor) -> Losses:
        found = losses.mean().item(), self.validate() if self.validates else None
        self.wait()
        return found


class Compiled(Best):
    """A whole step as a CUDA graph, which is replayed for each batch of an epoch.

    A counter on the GPU says which batch it is: the graph takes the rows from the order, makes the
    update by hand, writes the loss down and counts on. The partial last batch is a step as it is.
    """

    sgd = None

    def prepare(self) -> None:
        super().prepare()
        self.whole = self.workload.num_train // self.batch_size
        self.counter = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.losses = torch.zeros(self.whole, device=self.device)
        shape = self.whole, self.batch_size
        self.rows = torch.zeros(shape, dtype=torch.int64, device=self.device)
        self.replay = self.counted_step if self.device == 'cpu' else self.captured_step()

    def counted_step(self) -> None:
        rows = self.rows.index_select(0, self.counter).view(-1)
        self.losses.index_copy_(0, self.counter, self.step(rows).view(1))
        self.counter += 1

    def captured_step(self) -> Callable[[], None]:
        """`counted_step` as a CUDA graph; PyTorch: "CUDA semantics", "Whole-network capture"."""
        initial = [param.detach().clone() for param in self.params]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.counter.zero_()
                self.counted_step()
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.counted_step()
        with torch.no_grad():
            for param, array in zip(self.params, initial, strict=True):
                param.copy_(array)
        return self.graph.replay

    def epoch(self) -> Losses:
        order = torch.from_numpy(self.order())
        start_of_rest = self.whole * self.batch_size
        self.rows.copy_(order[:start_of_rest].view_as(self.rows))
        self.counter.zero_()
        for _ in range(self.whole):
            self.replay()
        losses = self.losses
        if start_of_rest < len(order):
            losses = torch.cat([losses, self.step(order[start_of_rest:].to(self.device)).view(1)])
        return self.end_of_epoch(losses)
