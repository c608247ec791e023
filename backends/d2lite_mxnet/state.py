"""What a training on MXNet consists of, as NumPy arrays: to be saved, moved and restored."""

from mxnet import gluon, np

from d2lite.saving.checkpoint import optimizer_state, set_optimizer_state
from d2lite.seeds import next_seed
from d2lite_mxnet import framework
from d2lite_mxnet.module import plain_arrays
from d2lite_mxnet.parameters import blocks, build, get_parameters, set_parameters  # noqa: F401


def get_state(trainer):
    """All that decides how training goes on, exactly as it is."""
    return {
        'arrays': {name: array.asnumpy() for name, array in _all_arrays(trainer.model)},
        'optimizer': _optimizer_state(trainer.optim),
    }


def set_state(trainer, state):
    for name, array in _all_arrays(trainer.model):
        array[:] = np.array(state['arrays'][name], dtype=array.dtype)
    _set_optimizer_state(trainer.optim, state['optimizer'])


def get_random_state():
    """MXNet does not tell its random state: a new one begins here, from a seed that is known.

    So with dropout, the same bits need checkpoints after the same steps. To start anew at each
    step instead would take 6 ms, more than the step.
    """
    seed = next_seed('keys')
    framework.seed(seed)
    return {'seed': seed}


def set_random_state(state):
    framework.seed(state['seed'])


def _all_arrays(model):
    for path, block in blocks(model):
        for name, param in block._reg_params.items():
            yield f'{path}.{name}', param.data()
    yield from plain_arrays(model)


def _optimizer_state(optim):
    if not isinstance(optim, gluon.Trainer):
        return optimizer_state(optim)
    (updater,) = optim._updaters
    counts = updater.optimizer
    return {
        'states': {
            index: _map(state, lambda a: a.asnumpy()) for index, state in updater.states.items()
        },
        'num_update': counts.num_update,
        'index_update_count': dict(counts._index_update_count),
    }


def _set_optimizer_state(optim, saved):
    if not isinstance(optim, gluon.Trainer):
        return set_optimizer_state(optim, saved)
    (updater,) = optim._updaters
    updater.states = {index: _map(state, _legacy_array) for index, state in saved['states'].items()}
    updater.states_synced = dict.fromkeys(updater.states, True)
    updater.optimizer.num_update = saved['num_update']
    updater.optimizer._index_update_count.clear()
    updater.optimizer._index_update_count.update(saved['index_update_count'])


def _legacy_array(array):
    return np.array(array).as_nd_ndarray()  # the kind that MXNet's optimizers take


def _map(state, function):
    """MXNet keeps nothing, an array, or tuples of arrays for each parameter."""
    if state is None:
        return None
    if isinstance(state, tuple | list):
        return tuple(_map(each, function) for each in state)
    return function(state)
