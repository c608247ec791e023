"""Trainer(precision=): what the framework was told before a training holds after it."""

import pytest
from contract import backend_of
from mixed import mixing, one_batch, only
from networks import classifier
from trainings import train


@pytest.fixture
def gpu(d2l, monkeypatch):
    """The CPU stands in for a GPU."""
    if backend_of(d2l) == 'pytorch':
        import torch

        found = torch.device('cpu')
    elif backend_of(d2l) == 'jax':
        import jax

        found = jax.devices()[0]
    else:
        import tensorflow as tf

        found = tf.device('/CPU:0')
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [found]))


def current(d2l):
    """How the framework multiplies matrices of float32 now."""
    if backend_of(d2l) == 'pytorch':
        import torch

        newer = hasattr(torch.backends, 'fp32_precision')
        if not newer:
            return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        backends = torch.backends
        switches = [backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn]
        switches += [backends.mkldnn.matmul, backends.mkldnn.conv, backends]
        return [switch.fp32_precision for switch in switches]
    if backend_of(d2l) == 'jax':
        import jax

        return jax.config.jax_default_matmul_precision
    import tensorflow as tf

    return tf.config.experimental.tensor_float_32_execution_enabled()


def in_step(d2l, precision, model=None):
    """What holds within a step, on what stands in for a GPU."""
    found = []
    model = model or classifier(d2l, ('dense', 4), ('dense', 10))
    kind = type(model)

    class Looking(d2l.Trainer):
        def fit_epoch(self):
            found.append(current(d2l))
            super().fit_epoch()

    train(d2l, model, [one_batch()], trainer=Looking, precision=precision, num_gpus=1)
    assert type(model) is kind
    return found[0]


@mixing
@pytest.mark.parametrize('precision', ['32', 'tf32', 'bf16-mixed'])
def test_settings_hold_within_fit_and_not_after(d2l, gpu, precision):
    before = current(d2l)
    found = in_step(d2l, precision)
    assert current(d2l) == before
    tf32 = precision == 'tf32'
    if backend_of(d2l) == 'pytorch':
        assert ('tf32' in found[:3]) is tf32
    elif backend_of(d2l) == 'jax':
        assert found == ('tensorfloat32' if tf32 else 'float32')
    else:
        assert found is tf32


@mixing
def test_settings_are_put_back_after_an_exception(d2l, gpu):
    before, found = current(d2l), []
    for precision in ('tf32', 'bf16-mixed'):
        model = classifier(d2l, ('dense', 4), ('dense', 10))

        class Failing(d2l.Trainer):
            def fit_epoch(self):
                super().fit_epoch()
                found.append(current(d2l))
                raise OSError('on purpose')

        with pytest.raises(OSError, match='on purpose'):
            train(d2l, model, [one_batch()], trainer=Failing, precision=precision, num_gpus=1)
        assert current(d2l) == before
        if backend_of(d2l) == 'tensorflow':
            assert {layer.dtype_policy.name for layer in model.net.layers} == {'float32'}
    assert found[0] != found[1]


# PyTorch has two kinds of switches, and refuses the older once the newer were used.


@only('pytorch')
@pytest.mark.parametrize('kind', ['older', 'newer', 'newer for all'])
def test_a_users_own_switches_on_pytorch(d2l, gpu, kind):
    import torch

    if kind != 'older' and not hasattr(torch.backends, 'fp32_precision'):
        pytest.skip('this PyTorch has the older switches only')
    first = current(d2l)
    if hasattr(torch.backends, 'fp32_precision'):
        kept = [
            each.fp32_precision for each in (torch.backends.cudnn.conv, torch.backends.cudnn.rnn)
        ]
    try:
        if kind == 'older':
            torch.set_float32_matmul_precision('high')
        elif kind == 'newer':
            torch.backends.cuda.matmul.fp32_precision = 'tf32'
        else:
            torch.backends.fp32_precision = 'tf32'
        before = current(d2l)
        assert 'tf32' not in in_step(d2l, '32')[:5]
        assert current(d2l) == before
        if kind == 'older':
            assert torch.get_float32_matmul_precision() == 'high'
        if kind == 'newer for all':  # what follows it still does
            torch.backends.fp32_precision = 'ieee'
            assert torch.backends.cuda.matmul.fp32_precision == 'ieee'
    finally:
        torch.set_float32_matmul_precision('highest')
        if hasattr(torch.backends, 'fp32_precision'):
            torch.backends.fp32_precision = 'none'
            torch.backends.cuda.matmul.fp32_precision = 'none'
            torch.backends.mkldnn.matmul.fp32_precision = 'none'
            torch.backends.cudnn.conv.fp32_precision = kept[0]
            torch.backends.cudnn.rnn.fp32_precision = kept[1]
    assert current(d2l) == first
