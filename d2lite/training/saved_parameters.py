"""The parameters of a trained model: handed out, written to files, read back."""

from pathlib import Path
from types import ModuleType

import numpy as np

from d2lite.saving import checkpoint, parameters
from d2lite.training.callbacks import ModelCheckpoint


class SavesParameters:
    """The part of a Trainer that moves parameters between a model, NumPy and files."""

    serialization: ModuleType | None = None  # a backend's module `state`

    def get_parameters(self) -> dict[str, np.ndarray]:
        """The trained parameters as NumPy arrays, by the names of `save_parameters`."""
        self._require_model('get_parameters')
        arrays = self.serialization.get_parameters(self)
        return {name: np.array(array) for name, array in arrays.items()}

    def save_parameters(self, path: str | Path) -> None:
        """Writes the trained parameters to `path` (safetensors), for any of the backends."""
        self._require_model('save_parameters')
        parameters.save_parameters(self, path)

    def load_parameters(self, path: str | Path) -> None:
        """Gives the trained model the parameters in `path`, from whichever backend wrote them.

        To start a training from them: `fit(model, data, init_params=d2l.load_parameters(path))`.
        Raises FileError if the file cannot be read, ValueError if it does not fit the model.
        """
        self._require_model('load_parameters')
        self._set_parameters(parameters.load_parameters(path), path)

    def load_best(self) -> None:
        """Gives the trained model the best parameters that a `ModelCheckpoint` kept."""
        self._require_model('load_best')
        found = [each for each in self.callbacks if isinstance(each, ModelCheckpoint)]
        if not found or found[0].best_epoch is None:
            raise RuntimeError(
                'load_best needs Trainer(callbacks=[d2l.ModelCheckpoint(...)]), and an epoch that '
                'is complete'
            )
        params = found[0].best_params
        if params is None and found[0].path is None:
            raise RuntimeError(
                'the best epoch was before the checkpoint that this training went on from, and its '
                'parameters were in memory only: give ModelCheckpoint a path'
            )
        source = f'the best epoch, {found[0].best_epoch}'
        self._set_parameters(params or parameters.load_parameters(found[0].path), source)

    def save_checkpoint(self, path: str | Path) -> None:
        """Writes all that decides how this training goes on to `path`; see `fit(ckpt_path=...)`."""
        self._require_model('save_checkpoint')
        checkpoint.save_checkpoint(self, path)

    def _set_parameters(self, arrays, source):
        wanted = self.serialization.get_parameters(self)
        self.serialization.set_parameters(self, parameters.matched(arrays, wanted, source))

    def _require_model(self, method):
        if not hasattr(self, 'model'):
            raise RuntimeError(f'{method} needs a model: call fit(model, data) first')
