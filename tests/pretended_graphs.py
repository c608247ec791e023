"""What stands in for CUDA graphs on a CPU: the step, made anew where a graph would be replayed."""

from collections.abc import Callable


class PretendedGraph:
    """Makes the step anew and puts its values where those of the recording are."""

    def __init__(self, recorded):
        self.recorded, self.values = recorded, recorded.values

    def replay(self):
        for kept, value in zip(self.values, self.recorded.step(), strict=True):
            kept.copy_(value)
        self.recorded.grads = [param.grad for param in self.recorded.params]


def as_written(self, look):
    self.seen = self.step()
    return self.seen


def record(self):
    self.values = [value.clone() for value in self.seen]
    self.grads = [param.grad for param in self.params]
    self.graph = PretendedGraph(self)


def install(set_attribute: Callable) -> None:
    """Has the Trainer of PyTorch use them; `set_attribute` is `setattr` or a fixture's."""
    from d2lite_torch.graphs import GraphedEpoch, RecordedStep
    from d2lite_torch.trainer import Trainer

    set_attribute(RecordedStep, 'as_written', as_written)
    set_attribute(RecordedStep, 'record', record)
    set_attribute(Trainer, 'compiled_class', GraphedEpoch)
