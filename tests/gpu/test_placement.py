"""A training on a GPU: what lies there, and that it is the training of the CPU.

`make test-gpu` runs these. Without a GPU, a device of the CPU stands in for one if
D2LITE_TEST_DEVICE=pretend.
"""

import devices
import numpy as np
import pytest
from contract import backend_of, parameters, small_data
from devices import device_of, on_gpu

from d2lite import selection

if devices.DEVICE == 'cpu':
    pytest.skip('make test-gpu runs these on a machine with a GPU', allow_module_level=True)


def test_some_backend_finds_a_gpu():
    """Without one the others would all be skipped, and say so in lines that nobody reads."""
    found = {name: selection.load(name).num_gpus() for name in selection.available()}
    assert any(found.values()) or devices.DEVICE == 'pretend', found


def device(d2l, num_gpus):
    """The device on which a Trainer(num_gpus=num_gpus) is to train."""
    tensor = d2l.DataModule.tensor(np.zeros(2, np.float32))
    return device_of(d2l, on_gpu(d2l, tensor) if num_gpus else d2l.to(tensor, d2l.cpu()))


def recorder(d2l):
    """A model that keeps the places and the numbers of all batches that its steps see."""

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            record(args)
            return super().training_step(*args)

        def validation_step(self, *args):
            record(args)
            return super().validation_step(*args)

    def record(args):
        (batch,) = [arg for arg in args if type(arg) in (tuple, list)]
        places.extend(device_of(d2l, tensor) for tensor in batch)
        batches.append([np.array(d2l.numpy(tensor)) for tensor in batch])

    places, batches = [], []
    return Model(2, lr=0.03), places, batches


def adam(d2l):
    """Linear regression with Adam, whose state has two arrays for each parameter."""

    class Model(d2l.LinearRegression):
        def configure_optimizers(self):
            if backend_of(d2l) == 'pytorch':
                import torch

                return torch.optim.Adam(self.parameters(), lr=self.lr)
            if backend_of(d2l) == 'jax':
                import optax

                return optax.adam(self.lr)
            if backend_of(d2l) == 'tensorflow':
                import tensorflow as tf

                return tf.keras.optimizers.Adam(self.lr)
            from mxnet import gluon

            return gluon.Trainer(self.collect_params(), 'adam', {'learning_rate': self.lr})

    return Model(lr=0.03)


def tensors_of(d2l, trainer):
    """All tensors of a training: parameters, and the state of the optimizer."""
    model, backend = trainer.model, backend_of(d2l)
    if backend == 'jax':
        import jax

        return jax.tree.leaves(trainer.state)
    if backend == 'pytorch':
        # PyTorch keeps the number of steps on the CPU, unless they are captured as a CUDA graph.
        kept = [tensor for each in trainer.optim.state.values() for tensor in each.values()]
        return [*model.parameters(), *(tensor for tensor in kept if tensor.ndim)]
    if backend == 'tensorflow':
        import tensorflow as tf

        variables = [*model.trainable_variables, *trainer.optim.variables]
        return [tf.convert_to_tensor(each) for each in variables if each.shape]
    return [parameter.data() for parameter in model.collect_params().values()]


def fit(d2l, model, num_gpus, max_epochs=2, data=None, ckpt_path=None, **kwargs):
    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=max_epochs, num_gpus=num_gpus, **kwargs)
    trainer.fit(model, data or small_data(d2l, num_train=100), ckpt_path=ckpt_path)
    return trainer


@pytest.mark.parametrize('num_gpus', [0, 1])
@pytest.mark.parametrize('compile', [None, False])
def test_parameters_and_the_optimizers_state_lie_there(d2l, num_gpus, compile):
    trainer = fit(d2l, adam(d2l), num_gpus, compile=compile)
    expected, tensors = device(d2l, num_gpus), tensors_of(d2l, trainer)
    assert len(tensors) >= 2
    assert [device_of(d2l, tensor) for tensor in tensors] == [expected] * len(tensors)


@pytest.mark.parametrize('num_gpus', [0, 1])
@pytest.mark.parametrize('loader', ['of tensors', 'of somebody else'])
def test_the_batches_that_a_step_sees_lie_there(d2l, num_gpus, loader):
    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            made = small_data(d2l, num_train=100).get_dataloader(train)
            return made if loader == 'of tensors' else [tuple(batch) for batch in made]

    model, places, batches = recorder(d2l)
    fit(d2l, model, num_gpus, data=Data(), compile=False)
    assert len(batches) == 2 * (7 + 2)
    assert set(places) == {device(d2l, num_gpus)}


def test_the_batches_and_their_order_are_those_of_the_cpu(d2l):
    found = []
    for num_gpus in (0, 1):
        model, _, batches = recorder(d2l)
        fit(d2l, model, num_gpus, compile=False)
        found.append(batches)
    for wanted, seen in zip(*found, strict=True):
        for expected, given in zip(wanted, seen, strict=True):
            np.testing.assert_array_equal(given, expected)


@pytest.mark.parametrize('compile', [None, False, True])
def test_the_result_is_that_of_the_cpu(d2l, compile):
    def trained(num_gpus, compile):
        return fit(d2l, d2l.LinearRegressionScratch(2, lr=0.03), num_gpus, compile=compile)

    on_cpu, given_to_gpu = trained(0, False), trained(1, compile)
    for expected, given in zip(parameters(d2l, on_cpu), parameters(d2l, given_to_gpu), strict=True):
        np.testing.assert_allclose(given, expected, rtol=1e-5)
    for expected, given in zip(on_cpu.history, given_to_gpu.history, strict=True):
        for label in ('train_loss', 'val_loss'):
            assert given[label] == pytest.approx(expected[label], rel=1e-5)


@pytest.mark.parametrize('compile', [None, False])
def test_a_checkpoint_of_the_gpu_is_gone_on_from_there_and_on_the_cpu(d2l, tmp_path, compile):
    path = tmp_path / 'checkpoint.safetensors'
    whole = fit(d2l, adam(d2l), 1, max_epochs=3, compile=compile)
    fit(
        d2l,
        adam(d2l),
        1,
        max_epochs=2,
        compile=compile,
        checkpoint_every=10,  # in the middle of the second epoch
        checkpoint_path=path,
    )
    for num_gpus, tolerance in ((1, 0), (0, 1e-5)):
        resumed = fit(d2l, adam(d2l), num_gpus, max_epochs=3, compile=compile, ckpt_path=path)
        tensors = tensors_of(d2l, resumed)
        assert {device_of(d2l, tensor) for tensor in tensors} == {device(d2l, num_gpus)}
        expected = whole.get_parameters()
        for name, given in resumed.get_parameters().items():
            np.testing.assert_allclose(given, expected[name], rtol=tolerance, err_msg=name)


def test_a_tensor_on_the_gpu_becomes_a_numpy_array(d2l):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = on_gpu(d2l, d2l.DataModule.tensor(array))
    np.testing.assert_array_equal(d2l.numpy(tensor), array)
