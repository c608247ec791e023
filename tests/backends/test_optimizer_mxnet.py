"""The fast step of plain SGD on MXNet is the step of Gluon's own Trainer, and of our SGD."""

import numpy as np
import pytest
from contract import require

d2l = require('mxnet')

from mxnet import autograd, gluon, lr_scheduler  # noqa: E402
from mxnet import np as mnp  # noqa: E402
from mxnet.gluon import nn  # noqa: E402

from d2lite_mxnet import optimizer  # noqa: E402
from d2lite_mxnet.operators import AsOne  # noqa: E402


def trained(step, name='sgd', num_layers=2, dtype='float32', change=lambda trainer, i: None, **kw):
    """Parameters and counters after five steps; `change` may do something before each."""
    d2l.seed_everything(0)
    net = nn.Sequential()
    # The Trainer sorts by these names, which else count on from net to net.
    net.add(*[nn.Dense(2, in_units=2, prefix=f'layer{i:02}_') for i in range(num_layers)])
    net.initialize()
    net.cast(dtype)
    net[0].bias.lr_mult, net[0].bias.wd_mult = 0.5, 3.0
    net[1].bias.grad_req = 'null'
    trainer = gluon.Trainer(net.collect_params(), name, kw or {'learning_rate': 0.1})
    X = mnp.array([[1.0, 2.0], [3.0, -1.0]], dtype=dtype)
    for i in range(5):
        change(trainer, i)
        with autograd.record():
            loss = (net(X) ** 2).mean()
        loss.backward()
        step(trainer)
    rule = trainer.optimizer
    return (
        [param.data().asnumpy() for param in net.collect_params().values()],
        (rule.num_update, dict(rule._index_update_count), rule.rescale_grad),
        hasattr(trainer, '_update_at_once'),
    )


def set_rate(trainer, i):
    trainer.set_learning_rate(0.1 / (i + 1))


def set_arrays(trainer, i):
    if i == 2:  # other arrays take the place of those before
        trainer._params[0].cast('float32')


def set_trained(trainer, i):
    trainer._params[1].grad_req = 'null' if i in (1, 2) else 'write'


def set_rescaling(trainer, i):
    trainer.optimizer.rescale_grad = 7.0  # a step sets it anew


CASES = {
    'plain': (True, {}),
    'many': (True, {'num_layers': 40}),
    'decay': (True, {'learning_rate': 0.1, 'wd': 0.3, 'rescale_grad': 0.5}),
    'rate': (True, {'change': set_rate}),
    'arrays': (True, {'change': set_arrays}),
    'trained': (True, {'change': set_trained}),
    'rescaling': (True, {'change': set_rescaling}),
    'schedule': (True, {'learning_rate': 0.1, 'lr_scheduler': None}),
    'float64': (True, {'dtype': 'float64'}),
    'momentum': (False, {'learning_rate': 0.1, 'momentum': 0.9}),
    'clipped': (False, {'learning_rate': 0.1, 'clip_gradient': 0.01}),
    'adam': (False, {'name': 'adam'}),
}


@pytest.mark.parametrize('case', list(CASES))
def test_the_step_of_gluon(case):
    fast, kwargs = CASES[case]
    if case == 'schedule':
        kwargs = kwargs | {'lr_scheduler': lr_scheduler.FactorScheduler(2, 0.5, base_lr=0.1)}
    ours, our_counts, at_once = trained(optimizer.step, **kwargs)
    if case == 'schedule':  # it has a state
        kwargs = kwargs | {'lr_scheduler': lr_scheduler.FactorScheduler(2, 0.5, base_lr=0.1)}
    theirs, their_counts, _ = trained(lambda trainer: trainer.step(1), **kwargs)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert our_counts == their_counts
    assert at_once == fast


def test_a_stale_gradient_is_told():
    used, unused = nn.Dense(1, in_units=1), nn.Dense(1, in_units=1)
    net = nn.Sequential()
    net.add(used, unused)
    net.initialize()
    trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
    for i in range(3):
        with autograd.record():
            loss = (net if i < 2 else used)(mnp.ones((1, 1))).sum()
        loss.backward()
        if i < 2:
            optimizer.step(trainer)
    before = used.weight.data().asnumpy()
    with pytest.raises(UserWarning, match='has not been updated by backward'):
        optimizer.step(trainer)
    np.testing.assert_array_equal(used.weight.data().asnumpy(), before)


def arrays(dtype='float32'):
    params = [mnp.array([1.0, 2.0], dtype=dtype), mnp.array([[3.0]], dtype=dtype)]
    for param in params:
        param.attach_grad()
        param.grad[:] = 0.3
    return params


@pytest.mark.parametrize(
    ('dtype', 'lr'), [('float32', 0.1), ('float64', 0.1), ('float32', mnp.array(0.1))]
)
def test_the_step_of_ours(dtype, lr):
    ours, theirs = arrays(dtype), arrays(dtype)
    fast, plain = d2l.SGD(ours, lr), d2l.SGD(theirs, lr)
    for _ in range(2):
        optimizer.step(fast)
        plain.step(1)
        for param in (*ours, *theirs):
            param.attach_grad()  # another array for the gradient
            param.grad[:] = -0.7
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(
            mine.asnumpy(), other.asnumpy(), rtol=1e-6 if dtype == 'float32' else 1e-15
        )


def test_an_array_that_is_there_twice_moves_twice():
    (param, _) = arrays()
    optimizer.step(d2l.SGD([param, param], 1))
    np.testing.assert_allclose(param.asnumpy(), [0.4, 1.4], rtol=1e-6)


def test_a_subclass_makes_its_own_step():
    class Mine(d2l.SGD):
        def step(self, _):
            self.params[0][:] = 7

    params = arrays()
    optimizer.step(Mine(params, 0.1))
    assert params[0].asnumpy().tolist() == [7, 7] and params[1].item() == 3


def test_several_operators_as_one():
    @AsOne
    def half_square(np, npx, x, y):
        return np.square(x - npx.reshape_like(y, x)) / 2

    x, y = mnp.array([[1.0], [2.0], [5.0]]), mnp.array([3, 3, 3], dtype='int32')
    x.attach_grad()
    with autograd.record():  # two calls before the way back, of different shapes
        loss = half_square(x, y).sum() + half_square(2 * x[:2], y[:2]).sum()
    loss.backward()
    assert loss.item() == (4 + 1 + 4) / 2 + (1 + 1) / 2
    assert x.grad.asnumpy().reshape(-1).tolist() == [-2 - 2, -1 + 2, 2]
