"""Stand-ins for frameworks and their backends, so that tests of the runner start kernels quickly.

`install(folder)` writes two packages, `torch` and `d2lite_torch`, and the like for other tabs. With
the folder on PYTHONPATH a kernel takes them for the real ones, which are neither needed nor loaded.
"""

MODULES = {
    'pytorch': ('d2lite_torch', ['torch']),
    'jax': ('d2lite_jax', ['jax', 'flax', 'optax']),
    'tensorflow': ('d2lite_tensorflow', ['tensorflow', 'keras']),
    'mxnet': ('d2lite_mxnet', ['mxnet']),
}

BACKEND = '''
import numpy as np
from d2lite_torch import framework

print('what a framework prints while it is imported')


class Tensor:
    def __init__(self, numbers):
        self.array = np.asarray(numbers)
        self.shape = self.array.shape


class Trainer:
    """Its losses are 8, 4, 2, ... in training, and half of them in validation."""

    device = 'abacus:0'

    def __init__(self, max_epochs, validate=True):
        self.history = []
        for epoch in range(1, max_epochs + 1):
            row = {'epoch': epoch, 'train_loss': 2.0 ** (4 - epoch), 'seconds': 0.0}
            if validate:
                row['val_loss'] = np.float32(row['train_loss'] / 2)
            self.history.append(row)


def numpy(tensor):
    return tensor.array
'''

FRAMEWORK = """
NAME = 'pytorch'


def version():
    return '7.0'


def device_names():
    return ['abacus:0', 'abacus:1']
"""


def install(folder, tabs=('pytorch',)):
    for tab in tabs:
        package, modules = MODULES[tab]
        files = {f'{module}/__init__.py': '' for module in modules}
        files[f'{package}/__init__.py'] = BACKEND.replace('d2lite_torch', package)
        files[f'{package}/framework.py'] = FRAMEWORK.replace('pytorch', tab)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
