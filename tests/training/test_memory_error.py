"""A GPU that runs out of memory: one error for the errors of four frameworks."""

import pytest
from contract import backend_of, small_data

MESSAGES = {  # as these frameworks write them, and what is told of them
    'pytorch': (
        'CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.10 GiB '
        'of which 1.20 GiB is free.',
        '2.50 GiB were asked for',
    ),
    'jax': (
        'RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2684354560 bytes.',
        '2.50 GiB were asked for',
    ),
    'nnx': (
        'RESOURCE_EXHAUSTED: Out of memory while trying to allocate 2684354560 bytes.',
        '2.50 GiB were asked for',
    ),
    'tensorflow': (
        'OOM when allocating tensor with shape[8192,81920] and type float on /job:localhost/'
        'replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
        '2.50 GiB were asked for',
    ),
    'mxnet': ('src/storage/storage.cc: cudaMalloc retry failed: out of memory', ''),
}


def error_of(backend, message):
    if backend == 'pytorch':
        import torch

        return torch.cuda.OutOfMemoryError(message)
    if backend in ('jax', 'nnx'):
        import jax

        return jax.errors.JaxRuntimeError(message)
    if backend == 'tensorflow':
        import tensorflow as tf

        return tf.errors.ResourceExhaustedError(None, None, message)
    import mxnet

    return mxnet.MXNetError(message)


def model_that_raises(d2l, error, step, validation=False):
    """A model whose step number `step`, counted from 0, raises `error`."""

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            if not validation and self.trainer.train_batch_idx == step:
                raise error
            return super().training_step(*args)

        def validation_step(self, *args):
            if validation and self.trainer.val_batch_idx == step:
                raise error
            return super().validation_step(*args)

    return Model(2, lr=0.03)


def test_one_error_says_when_and_how_much(d2l):
    message, wanted = MESSAGES[backend_of(d2l)]
    own, told = error_of(backend_of(d2l), message), []

    class Told(d2l.Callback):
        def on_exception(self, trainer, model, exception):
            told.append(exception)

    model = model_that_raises(d2l, own, step=2)
    trainer = d2l.Trainer(max_epochs=1, compile=False, callbacks=[Told()])
    with pytest.raises(MemoryError) as raised:
        trainer.fit(model, small_data(d2l, batch_size=16))
    expected = 'ran out of memory in epoch 1, step 3, with batch_size=16'
    assert expected + (f': {wanted}' if wanted else '') in str(raised.value)
    assert 'Take a smaller batch_size' in str(raised.value)
    assert raised.value.__cause__ is own
    assert told == [raised.value]


def test_in_validation_and_in_a_later_epoch(d2l):
    own = error_of(backend_of(d2l), MESSAGES[backend_of(d2l)][0])
    # 2 batches of validation in each epoch
    model = model_that_raises(d2l, own, step=3, validation=True)
    with pytest.raises(MemoryError, match='out of memory in the validation of epoch 2, with'):
        d2l.Trainer(max_epochs=2, compile=False).fit(model, small_data(d2l, batch_size=16))


def test_of_compiled_steps_the_epoch_is_told(d2l, monkeypatch):
    own = error_of(backend_of(d2l), MESSAGES[backend_of(d2l)][0])

    def fit_epoch(self):
        assert self.compiles()
        raise own

    monkeypatch.setattr(d2l.Trainer, 'fit_epoch', fit_epoch)
    with pytest.raises(MemoryError, match='out of memory in epoch 1, with batch_size=16'):
        d2l.Trainer(max_epochs=1, compile=True).fit(
            d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l, batch_size=16)
        )


def test_before_the_first_epoch(d2l, monkeypatch):
    own = error_of(backend_of(d2l), MESSAGES[backend_of(d2l)][0])

    def on_device(self, dataloader):
        raise own

    monkeypatch.setattr(d2l.Trainer, 'on_device', on_device)
    with pytest.raises(MemoryError, match='out of memory before the first epoch'):
        d2l.Trainer(max_epochs=1).fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l))


def test_what_is_free_on_the_gpu_is_told(d2l, monkeypatch):
    own = error_of(backend_of(d2l), MESSAGES[backend_of(d2l)][0])
    trainer = d2l.Trainer(max_epochs=1, compile=False)
    monkeypatch.setattr(d2l.Trainer, 'free_memory', staticmethod(lambda device: 3 * 2**29))

    def fit_epoch():
        trainer.gpus = ['a GPU']
        raise own

    monkeypatch.setattr(trainer, 'fit_epoch', fit_epoch)
    with pytest.raises(MemoryError, match='^The GPU ran out of memory .*1.50 GiB were free'):
        trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l))


def test_other_errors_stay_what_they_are(d2l):
    own = error_of(backend_of(d2l), 'INVALID_ARGUMENT: shapes')
    if backend_of(d2l) == 'tensorflow':
        import tensorflow as tf

        own = tf.errors.InvalidArgumentError(None, None, 'shapes')
    model = model_that_raises(d2l, own, step=0)
    with pytest.raises(type(own)) as raised:
        d2l.Trainer(max_epochs=1, compile=False).fit(model, small_data(d2l))
    assert raised.value is own


@pytest.mark.parametrize(
    ('message', 'amount'),
    [
        ('Out of memory allocating 1073741824 bytes.', '1.00 GiB'),
        ('Out of memory while trying to allocate 9.31GiB.', '9.31 GiB'),
        (
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 536870912 bytes.",
            '0.50 GiB',
        ),
        ('out of memory', ''),
    ],
)
def test_amounts_in_messages(message, amount):
    from d2lite.training.memory_error import amount_in

    assert amount_in(message) == amount
