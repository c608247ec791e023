"""What a training on MXNet consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

from mxnet import gluon, np

from d2lite.saving.optimizer_state import optimizer_state, set_optimizer_state
from d2lite.seeds import next_seed
from d2lite_mxnet import framework
from d2lite_mxnet.module import plain_arrays
from d2lite_mxnet.parameters import (  # noqa: F401
    blocks,
    build,
    get_parameters,
    own_parameters,
    set_parameters,
)

if TYPE_CHECKING:
    from d2lite_mxnet.trainer import Trainer


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    return {
        'arrays': {name: array.asnumpy() for name, array in _all_arrays(trainer.model)},
        'optimizer': _optimizer_state(trainer, trainer.optim),
    }


def set_state(trainer: 'Trainer', state: Any) -> None:
    for name, array in _all_arrays(trainer.model):
        array[:] = np.array(state['arrays'][name], dtype=array.dtype)
    _set_optimizer_state(trainer, trainer.optim, state['optimizer'])


def optimizer_name(trainer: 'Trainer') -> str:
    """What a checkpoint calls the optimizer."""
    optim = getattr(trainer.optim, 'optimizer', trainer.optim)
    return type(optim).__name__ + (' with momentum' if getattr(optim, 'momentum', 0) else '')


def get_random_state() -> dict:
    """MXNet does not tell its random state: a new one begins here, from a seed that is known.

    So with dropout, the same bits need checkpoints after the same steps. To start anew at each
    step instead would take 6 ms, more than the step.
    """
    seed = next_seed('keys')
    framework.seed(seed)
    return {'seed': seed}


def set_random_state(state: Any) -> None:
    framework.seed(state['seed'])


def _all_arrays(model):
    for path, block in blocks(model):
        for name, param in own_parameters(block):
            yield f'{path}.{name}', param.data()
    yield from plain_arrays(model)


def _names_of_indices(trainer, optim):
    """By Gluon's number of a parameter: the path to it.

    Gluon numbers parameters in the order of their names, in which it counts all layers that were
    ever made: 'dense10_weight' comes before 'dense9_weight'.
    """
    paths = {
        id(param): f'{path}.{name}'
        for path, block in blocks(trainer.model)
        for name, param in own_parameters(block)
    }
    params = optim.optimizer.param_dict
    return {index: paths.get(id(param), index) for index, param in params.items()}


def _optimizer_state(trainer, optim):
    if isinstance(optim, list):
        return [_optimizer_state(trainer, each) for each in optim]
    if not isinstance(optim, gluon.Trainer):
        return optimizer_state(optim)
    (updater,) = optim._updaters  # by save_states(), Gluon's own way, it would be a pickle
    names, counts = _names_of_indices(trainer, optim), optim.optimizer._index_update_count
    return {
        'states': {
            names[index]: _map(state, lambda a: a.asnumpy())
            for index, state in sorted(updater.states.items(), key=lambda each: names[each[0]])
        },
        'index_update_count': dict(sorted((names[index], n) for index, n in counts.items())),
        'numbers': _numbers(optim.optimizer),
        'scheduler': _numbers(optim.optimizer.lr_scheduler),
    }


def _set_optimizer_state(trainer, optim, saved):
    if isinstance(optim, list):
        for each, of_each in zip(optim, saved, strict=True):
            _set_optimizer_state(trainer, each, of_each)
        return None
    if not isinstance(optim, gluon.Trainer):
        return set_optimizer_state(optim, saved)
    (updater,) = optim._updaters
    indices = {name: index for index, name in _names_of_indices(trainer, optim).items()}
    updater.states = {
        indices[name]: _map(state, _legacy_array) for name, state in saved['states'].items()
    }
    updater.states_synced = dict.fromkeys(updater.states, True)
    optim.optimizer._index_update_count.clear()
    counts = saved['index_update_count'].items()
    optim.optimizer._index_update_count.update({indices[name]: n for name, n in counts})
    _set_numbers(optim.optimizer, saved['numbers'])
    _set_numbers(optim.optimizer.lr_scheduler, saved['scheduler'])


def _numbers(thing):
    """The attributes that are numbers: of an optimizer its learning rate, its count of steps..."""
    attributes = vars(thing).items() if thing is not None else ()
    return {name: value for name, value in attributes if isinstance(value, bool | int | float)}


def _set_numbers(thing, numbers):
    for name, value in numbers.items():
        setattr(thing, name, value)


def _legacy_array(array):
    return np.array(array).as_nd_ndarray()  # the kind that MXNet's optimizers take


def _map(state, function):
    """MXNet keeps nothing, an array, or tuples of arrays for each parameter."""
    if state is None:
        return None
    if isinstance(state, tuple | list):
        return tuple(_map(each, function) for each in state)
    return function(state)
