"""What a Trainer of JAX does where several devices compute one program; the same with NNX."""

from typing import Any

from d2lite.data.loader import TensorLoader
from d2lite.data.resident import ResidentLoader
from d2lite.training import trainer
from d2lite_jax.distributed import on_all_devices


class TrainsOnMesh(trainer.Trainer):
    """The part of a Trainer that lays state and minibatches on a mesh of devices."""

    mesh = None  # within `fit`, if several devices train together

    def _fit(self, *args):
        with on_all_devices(self):
            super()._fit(*args)

    def run_epoch(self) -> None:
        if self.mesh is not None:  # what was made or read since is still elsewhere
            self.state = self.mesh.state(self.state)
        super().run_epoch()

    def on_device(self, dataloader: Any) -> Any:
        loader = super().on_device(dataloader)
        on_cpu = self.moves_to is None and type(dataloader) is TensorLoader
        if self.mesh is None or not (on_cpu or loader is not dataloader):
            return loader
        return ResidentLoader(dataloader, self.mesh.copies)

    def moved_batch(self, batch: Any) -> Any:
        return super().moved_batch(batch) if self.mesh is None else self.mesh.batch(batch)
