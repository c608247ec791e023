"""Two devices of one process, on JAX with divided parameters: `devices_of_one.py BACKEND FILE`."""

import importlib
import sys

import normalized
import numpy as np

backend, file = sys.argv[1:]
d2l = importlib.import_module(f'd2lite.{backend}')
divided = []


class Looks(d2l.Callback):
    def on_train_epoch_end(self, trainer, model):
        params = trainer.state.params['net']['layers_1']
        divided.append(sum(not each.is_fully_replicated for each in params.values()))


def on_jax():
    """Its devices come from XLA_FLAGS."""
    found = normalized.results('jax', num_devices=2, strategy='fsdp', callbacks=[Looks()])
    return found | {'divided': min(divided)}


def on_tensorflow():
    import tensorflow as tf

    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices('CPU')[0], two)
    found = normalized.results('tensorflow', num_devices=2)
    written = normalized.results('tensorflow', num_devices=2, compile=False)
    return found | {f'as written {name}': array for name, array in written.items()}


if __name__ == '__main__':
    np.savez(file, **{'jax': on_jax, 'tensorflow': on_tensorflow}[backend]())
