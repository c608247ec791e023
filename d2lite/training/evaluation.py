"""A trained model at work: what it predicts, and its metrics on data that it was not trained on."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from d2lite.data.loader import TensorLoader
from d2lite.training.arguments import count_batches
from d2lite.training.batches import num_examples
from d2lite.training.compiled import collected_outputs
from d2lite.training.labels import check_range

__all__ = ['Evaluates']


class Evaluates:
    """The part of a Trainer that uses the model in batches, without gradients and dropout.

    Nothing of the model changes: neither parameters nor running statistics.
    """

    def predict(self, X: Any, batch_size: int = 256) -> Any:
        """What the trained model puts out for inputs `X`, as tensors of the framework.

        `X`: a tensor, a NumPy array or a list of numbers, its rows the examples; a tuple of these
        for a model of several inputs. Raises RuntimeError before `fit`.
        """
        self._require_model('predict')
        loader = self.loader_of(X if isinstance(X, tuple) else (X,), batch_size)
        with self.evaluating():
            outputs = [self.predictions(self.moved_batch(inputs)) for inputs in loader]
        return self._joined(outputs)

    def validate(self, data: Any = None, batch_size: int = 256) -> dict[str, float]:
        """What the model reports on validation data: {'val_loss': 0.3, ...}, means of the examples.

        `data`: a DataModule; a tuple (inputs, ..., labels) of tensors, NumPy arrays or lists; or
        minibatches to iterate over. None: those of the last `fit`. Raises RuntimeError before it.
        """
        self._require_model('validate')
        if data is None and self.val_dataloader is None:
            raise ValueError('there are no validation data: validate(data) takes others')
        loader = self.val_dataloader.dataloader if data is None else data
        return self._evaluate(loader, 'val', batch_size)

    def test(self, data: Any, batch_size: int = 256) -> dict[str, float]:
        """As `validate`, of test data: {'test_loss': 0.3, ...}.

        Of a DataModule these are its `test_dataloader()`, or without one its validation data.
        """
        self._require_model('test')
        return self._evaluate(data, 'test', batch_size)

    def loader_of(self, data: Any, batch_size: int, split: str = 'val') -> Any:
        """The minibatches of a DataModule, of a tuple of whole arrays, or those given."""
        if isinstance(data, tuple):
            tensors = [self.data_module.as_tensor(each) for each in data]
            return TensorLoader(tensors, batch_size, self.data_module, shuffle=False, seed=())
        for name in (f'{split}_dataloader', 'val_dataloader'):
            if hasattr(data, name):
                data = getattr(data, name)()
                break
        count_batches(data, f'{split}_dataloader')  # also says what is no data
        return data

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Within this context the model is in evaluation, on this trainer's device."""
        training, before = self.model.training, self.model.trainer
        self.model.trainer = self
        self.set_training(False)
        try:
            with self.placement(), self.arithmetic.settings(self):
                yield
        finally:
            self.set_training(training)
            self.model.trainer = before

    def predictions(self, inputs: tuple) -> Any:
        """What the model puts out for the inputs of a minibatch, without gradients."""
        raise NotImplementedError('each backend defines predictions')

    def val_step(self, batch: Any) -> None:
        """Has the model report on a validation minibatch."""
        self.model.validation_step(batch)

    def reported(self, batch: Any) -> list[tuple[str, Any]]:
        """(label, value) of what the model reports on a validation minibatch."""
        with collected_outputs(self) as outputs:
            self.val_step(batch)
        return list(zip(outputs.labels, outputs.values, strict=True))

    def _evaluate(self, data, split, batch_size):
        sums, counts = {}, {}
        num_classes = self.label_check.num_classes if self.label_check else None
        with self.evaluating():
            for batch in self.loader_of(data, batch_size, split):
                batch = self.prepare_batch(self.as_tensors(batch))
                if num_classes is not None:
                    check_range(self.model.as_numpy(batch[-1]), num_classes)
                size = num_examples(batch)
                for label, value in self.reported(batch):
                    label = split + label.removeprefix('val')
                    sums[label] = sums.get(label, 0.0) + float(value) * size
                    counts[label] = counts.get(label, 0) + size
        return {label: total / counts[label] for label, total in sums.items()}

    def _joined(self, outputs):
        first = outputs[0]
        if isinstance(first, Mapping):
            return {key: self._joined([each[key] for each in outputs]) for key in first}
        if isinstance(first, tuple | list):
            return tuple(self._joined(each) for each in zip(*outputs, strict=True))
        return first if len(outputs) == 1 else self.concat(outputs, 0)
