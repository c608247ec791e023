"""Names of MXNet 2, for which the living edition's MXNet tab is written, on MXNet 1.9.

There is no release of MXNet 2 to install; what 1.9 can do under another name is lent.
"""

from collections.abc import Callable
from typing import Any

from d2lite.pages.compat.kinds import Made, OldArgument, OldForm, OldProperty
from d2lite.pages.compat.modules import find
from d2lite.pages.compat.old_name import OldName

NOT_YET = 'not in MXNet 1.9 yet'
WITH_DEVICE = ['zeros', 'ones', 'array', 'full']


def _take_part(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    """`Block.__setattr__` for which a Parameter that is set as an attribute is one of the block."""

    def set_attribute(block: Any, name: str, value: Any) -> None:
        if isinstance(value, find('mxnet.gluon.Parameter')):
            if not any(value is each for each in block.params.values()):
                note()
                value.name = f'{block.prefix}{name}'
                block.params.update({value.name: value})
        function(block, name, value)

    return set_attribute


def _without_name(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    """`Parameter.__init__` that needs no name."""

    def initialize(parameter: Any, *args: Any, **kwargs: Any) -> None:
        if not args and 'name' not in kwargs:
            note()
            kwargs['name'] = 'weight'
        function(parameter, *args, **kwargs)

    return initialize


MXNET: list[OldName] = [
    OldProperty(
        'mxnet',
        'numpy.ndarray.device',
        NOT_YET,
        '.ctx',
        r"'ndarray' object has no attribute 'device'",
        get=lambda array: array.ctx,
    ),
    Made(
        'mxnet',
        'numpy.ndarray.to_device',
        NOT_YET,
        '.as_in_ctx(ctx)',
        r"'ndarray' object has no attribute 'to_device'",
        make=lambda: lambda array, device: array.as_in_ctx(device),
    ),
    Made(
        'mxnet',
        'numpy_extension.current_device',
        NOT_YET,
        'npx.current_context()',
        r"'mxnet.numpy_extension' has no attribute 'current_device'",
        make=lambda: find('mxnet.numpy_extension.current_context'),
    ),
    *[
        OldArgument('mxnet', f'numpy.{name}', NOT_YET, 'ctx=', keyword='device', new='ctx')
        for name in WITH_DEVICE
    ],
    OldArgument('mxnet', 'gluon.Block.initialize', NOT_YET, 'ctx=', keyword='device', new='ctx'),
    Made(
        'mxnet',
        'gluon.ParameterDict.__len__',
        NOT_YET,
        'len(list(parameters.keys()))',
        error=r"object of type 'ParameterDict' has no len\(\)",
        make=lambda: lambda parameters: len(list(parameters.keys())),
    ),
    OldForm(
        'mxnet',
        'gluon.Block.__setattr__',
        NOT_YET,
        "self.params.get('weight', shape=...)",
        r"Parameter '\w+' has not been initialized",
        form=' of a Parameter',
        accept=_take_part,
    ),
    OldForm(
        'mxnet',
        'gluon.Parameter.__init__',
        NOT_YET,
        "gluon.Parameter('weight', shape=...)",
        r"Parameter\.__init__\(\) missing 1 required positional argument: 'name'",
        form=' without a name',
        accept=_without_name,
    ),
    OldName('mxnet', 'device', NOT_YET, 'mx.context'),
    OldName('mxnet', 'gluon.Parameter.list_device', NOT_YET, 'parameter.list_ctx()'),
    OldName('mxnet', 'numpy_extension.savez', NOT_YET, 'npx.save(file, {name: array})'),
]
