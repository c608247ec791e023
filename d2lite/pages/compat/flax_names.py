"""What Flax has given up: dictionaries that are frozen, relative paths, the older cells."""

import dataclasses
import os
import re
from collections.abc import Callable
from typing import Any

from d2lite.pages.compat.kinds import OldForm, Setting
from d2lite.pages.compat.old_name import OldName

CHECKPOINTS = ('save_checkpoint', 'save_checkpoint_multiprocess', 'restore_checkpoint')
CELLS = ('LSTMCell', 'OptimizedLSTMCell', 'SimpleCell', 'GRUCell', 'MGUCell')


def _return_frozen_dictionaries() -> None:
    import flax

    flax.config.update('flax_return_frozendict', True)


def _take_relative_paths(function: Callable[..., Any], note: Callable[[], None]) -> Callable:
    def call(ckpt_dir: Any, *args: Any, **kwargs: Any) -> Any:
        if not os.path.isabs(ckpt_dir):
            note()
        return function(os.path.abspath(ckpt_dir), *args, **kwargs)

    return call


class OldCell(OldName):
    """A recurrent cell whose class, not an object of it, gives the initial state.

    `nn.GRUCell.initialize_carry(key, (batch_size,), size)` and `nn.GRUCell()` without `features`
    were right before Flax 0.7.0; both take the size from the state. What is right today still is.
    """

    lendable = True

    @property
    def name(self) -> str:
        return f'{super().name} without features'

    def lend(self) -> None:
        from flax import linen

        setattr(linen, self.attribute, _older_cell(getattr(linen, self.attribute), self))

    def explains(self, kind: str, message: str, code: str) -> bool:
        without_size = f'{self.attribute}.__init__() missing 1 required' in message
        from_class = re.search(rf'\b{self.attribute}\.initialize_carry', code) is not None
        return without_size or (from_class and "'int' object is not subscriptable" in message)


def _older_cell(cell: type, entry: OldCell) -> type:
    from flax import linen as nn

    fields = [field.name for field in dataclasses.fields(cell)]
    own = [name for name in fields if name not in ('features', 'parent', 'name')]

    class Cell(cell):
        features: int | None = None

        @nn.compact
        def __call__(self, carry, inputs):
            if self.features is not None:
                return super().__call__(carry, inputs)
            entry.note()
            state = carry[-1] if isinstance(carry, tuple) else carry
            options = {name: getattr(self, name) for name in own}
            return cell(state.shape[-1], **options, name='cell')(carry, inputs)

        @nn.nowrap
        def initialize_carry(self, *args, **kwargs):
            if isinstance(self, nn.Module) and len(args) + len(kwargs) == 2:
                return super().initialize_carry(*args, **kwargs)
            entry.note()
            arguments = args if isinstance(self, nn.Module) else (self, *args)
            return _older_carry(cell, *arguments, **kwargs)

    Cell.__name__ = Cell.__qualname__ = cell.__name__
    return Cell


def _older_carry(cell, rng, batch_dims, size, init_fn=None):
    options = {'carry_init': init_fn} if init_fn else {}
    return cell(size, parent=None, **options).initialize_carry(rng, (*batch_dims, 1))


FLAX = [
    Setting(
        'flax',
        'methods of FrozenDict (unfreeze, copy, pop) on what Module.init returns',
        'Flax 0.7.1',
        'flax.core.unfreeze, flax.core.copy and flax.core.pop',
        r"'dict' object has no attribute 'unfreeze'|dict\.copy\(\) takes no",
        set=_return_frozen_dictionaries,
    ),
    *[
        OldForm(
            'flax.training.checkpoints',
            name,
            'Flax 0.6.7',
            'os.path.abspath(path), for Orbax takes no other',
            r'Checkpoint path should be absolute',
            form=' with a relative path',
            accept=_take_relative_paths,
        )
        for name in CHECKPOINTS
    ],
    *[
        OldCell(
            'flax.linen',
            name,
            'Flax 0.7.0',
            f'flax.linen.{name}(features=size) and its initialize_carry(key, (batch_size, size))',
        )
        for name in CELLS
    ],
]
