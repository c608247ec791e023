"""Loops on TensorFlow for a GPU. TensorFlow places what they do there by itself."""

import tensorflow as tf

from benchmarks import loops_tensorflow
from benchmarks.loop import Losses

tf.config.experimental.enable_tensor_float_32_execution(False)  # true float32, as in the others

Best, Compiled = loops_tensorflow.Best, loops_tensorflow.Compiled


class Tutorial(loops_tensorflow.Tutorial):
    def epoch(self) -> Losses:
        losses = super().epoch()
        self.net.get_weights()  # waits for the GPU
        return losses
