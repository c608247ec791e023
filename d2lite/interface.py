"""What every backend offers: the names behind `d2l.`, by subject.

A backend may offer more (JAX has `get_key`), never less: a test holds each namespace against this
list. Whoever adds a backend starts here.
"""

__all__ = ['NAMES']

TENSORS = """
    zeros ones zeros_like ones_like eye arange linspace meshgrid tensor normal rand randn
    reshape transpose swapaxes expand_dims concat stack repeat size astype to numpy
    matmul batch_matmul abs exp log sin cos sinh cosh tanh sigmoid
    reduce_sum reduce_mean argmax int32 int64 float32
""".split()

DEVICES = 'cpu gpu num_gpus try_gpu try_all_gpus'.split()

TRAINING = """
    HyperParameters add_to_class ProgressBoard nn_Module Module DataModule Trainer SGD
    seed_everything load_parameters
""".split()

LINEAR_REGRESSION = """
    SyntheticRegressionData LinearRegressionScratch LinearRegression
    synthetic_data data_iter load_array linreg squared_loss sgd
""".split()

FIGURES = 'plt use_svg_display set_figsize set_axes plot'.split()

NAMES = TENSORS + DEVICES + TRAINING + LINEAR_REGRESSION + FIGURES
