"""The interface of a backend: the names behind `d2l.`, by subject, and what they take.

A backend may offer more names (JAX has `get_key`) and take more arguments, never less: tests hold
each namespace against these lists. Whoever adds a backend starts here.
"""

__all__ = ['DIFFERING_SIGNATURES', 'NAMES', 'SIGNATURES', 'signature_of']

TENSORS = """
    zeros ones zeros_like ones_like eye arange linspace meshgrid tensor normal rand randn
    reshape transpose swapaxes expand_dims concat stack repeat size astype to numpy
    matmul batch_matmul abs exp log sin cos sinh cosh tanh sigmoid
    reduce_sum reduce_mean argmax int32 int64 float32
""".split()

DEVICES = 'cpu gpu num_gpus try_gpu try_all_gpus'.split()

TRAINING = """
    HyperParameters add_to_class ProgressBoard nn_Module Module DataModule Trainer SGD
    seed_everything load_parameters xavier_uniform Callback EarlyStopping ModelCheckpoint
    LearningRateMonitor CSVLogger TensorBoardLogger
""".split()

LINEAR_REGRESSION = """
    SyntheticRegressionData LinearRegressionScratch LinearRegression
    synthetic_data data_iter load_array linreg squared_loss sgd
""".split()

CLASSIFICATION = 'Classifier SoftmaxRegression MLP'.split()

CONVOLUTION = 'corr2d init_cnn LeNet Residual ResNeXtBlock ResNet'.split()

DATA = """
    FashionMNIST Digits KaggleHouse
    download extract download_extract DATA_HUB DATA_URL
""".split()

FIGURES = """
    plt use_svg_display set_figsize set_axes plot show_images show_heatmaps Animator
""".split()

HELPERS = 'Timer Accumulator check_len check_shape'.split()

NAMES: list[str] = TENSORS + DEVICES + TRAINING + LINEAR_REGRESSION + CLASSIFICATION + CONVOLUTION
NAMES += DATA + FIGURES + HELPERS

# Parameters in order, of functions, constructors and methods (without self). Tensor functions are
# not here: they take what the functions of the framework take. Nor is `init_cnn`, which each
# framework calls in a way of its own.
SIGNATURES: dict[str, str] = {
    'cpu': '',
    'gpu': 'i',
    'num_gpus': '',
    'try_gpu': 'i',
    'try_all_gpus': '',
    'add_to_class': 'cls',
    'HyperParameters.save_hyperparameters': 'ignore',
    'ProgressBoard': 'xlabel, ylabel, xlim, ylim, xscale, yscale, ls, colors, fig, axes, figsize, '
    'display',
    'ProgressBoard.draw': 'x, y, label, every_n',
    'Module': 'plot_train_per_epoch, plot_valid_per_epoch',
    'Module.forward': 'X',
    'Module.loss': 'y_hat, y',
    'Module.training_step': 'batch',
    'Module.validation_step': 'batch',
    'Module.configure_optimizers': '',
    'Module.plot': 'key, value, train',
    'Module.apply_init': 'inputs, init',
    'DataModule': 'root, num_workers',
    'DataModule.get_dataloader': 'train',
    'DataModule.train_dataloader': '',
    'DataModule.val_dataloader': '',
    'DataModule.get_tensorloader': 'tensors, train, indices',
    'Trainer': 'max_epochs, num_gpus, gradient_clip_val, checkpoint_every, checkpoint_path, '
    'detect_anomaly, compile, callbacks',
    'Trainer.fit': 'model, data, ckpt_path, init_params',
    'Trainer.fit_epoch': '',
    'Trainer.prepare_data': 'data',
    'Trainer.prepare_model': 'model',
    'Trainer.prepare_batch': 'batch',
    'Trainer.clip_gradients': 'grad_clip_val, model',
    'Trainer.get_parameters': '',
    'Trainer.save_parameters': 'path',
    'Trainer.load_parameters': 'path',
    'Trainer.save_checkpoint': 'path',
    'Callback': '',
    'Callback.on_train_batch_end': 'trainer, model',
    'Callback.on_train_epoch_end': 'trainer, model',
    'EarlyStopping': 'monitor, patience, min_delta, mode',
    'ModelCheckpoint': 'monitor, path, min_delta, mode',
    'LearningRateMonitor': '',
    'CSVLogger': 'path',
    'TensorBoardLogger': 'log_dir',
    'SGD': 'params, lr',
    'seed_everything': 'seed',
    'load_parameters': 'path',
    'xavier_uniform': 'seed',
    'SyntheticRegressionData': 'w, b, noise, num_train, num_val, batch_size',
    'LinearRegressionScratch': 'num_inputs, lr, sigma',
    'LinearRegression': 'lr',
    'LinearRegression.get_w_b': '',
    'synthetic_data': 'w, b, num_examples',
    'data_iter': 'batch_size, features, labels',
    'load_array': 'data_arrays, batch_size, is_train',
    'linreg': 'X, w, b',
    'squared_loss': 'y_hat, y',
    'sgd': 'params, lr, batch_size',
    'Classifier': 'plot_train_per_epoch, plot_valid_per_epoch',
    'Classifier.loss': 'Y_hat, Y, averaged',
    'Classifier.accuracy': 'Y_hat, Y, averaged',
    'Classifier.layer_summary': 'X_shape',
    'SoftmaxRegression': 'num_outputs, lr',
    'MLP': 'num_outputs, num_hiddens, lr',
    'corr2d': 'X, K',
    'LeNet': 'lr, num_classes',
    'Residual': 'num_channels, use_1x1conv, strides',
    'ResNeXtBlock': 'num_channels, groups, bot_mul, use_1x1conv, strides',
    'ResNet': 'arch, lr, num_classes',
    'FashionMNIST': 'batch_size, resize, root, num_workers',
    'FashionMNIST.text_labels': 'indices',
    'FashionMNIST.visualize': 'batch, nrows, ncols, labels',
    'Digits': 'batch_size, resize',
    'KaggleHouse': 'batch_size, train, val, root, num_workers',
    'KaggleHouse.preprocess': '',
    'download': 'url, folder, sha1_hash',
    'extract': 'filename, folder',
    'download_extract': 'name, folder',
    'use_svg_display': '',
    'set_figsize': 'figsize',
    'set_axes': 'axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend',
    'plot': 'X, Y, xlabel, ylabel, legend, xlim, ylim, xscale, yscale, fmts, figsize, axes',
    'show_images': 'imgs, num_rows, num_cols, titles, scale',
    'show_heatmaps': 'matrices, xlabel, ylabel, titles, figsize, cmap',
    'Animator': 'xlabel, ylabel, legend, xlim, ylim, xscale, yscale, fmts, nrows, ncols, figsize',
    'Animator.add': 'x, y',
    'Timer': '',
    'Timer.start': '',
    'Timer.stop': '',
    'Accumulator': 'n',
    'check_len': 'a, n',
    'check_shape': 'a, shape',
}

# On JAX parameters and state travel beside the model; TensorFlow's gradients travel beside it.
DIFFERING_SIGNATURES: dict[str, dict[str, str]] = {
    'jax': {
        'Module': 'parent, name, plot_train_per_epoch, plot_valid_per_epoch',  # as Flax orders them
        'Module.loss': 'params, X, y, state',
        'Module.training_step': 'params, batch, state',
        'Module.validation_step': 'params, batch, state',
        'Module.apply_init': 'dummy_input, key',
        'Trainer.fit': 'model, data, key',
        'Trainer.clip_gradients': 'grad_clip_val, grads',
        'SGD': 'lr',
        'LinearRegression.get_w_b': 'state',
        'sgd': 'params, grads, lr, batch_size',
        'Classifier': 'parent, name, plot_train_per_epoch, plot_valid_per_epoch',
        'Classifier.loss': 'params, X, Y, state, averaged',
        'Classifier.accuracy': 'params, X, Y, state, averaged',
        'Classifier.layer_summary': 'X_shape, key',
    },
    'tensorflow': {
        'Trainer.clip_gradients': 'grad_clip_val, grads',
        'SGD': 'lr',
        'sgd': 'params, grads, lr, batch_size',
    },
}


def signature_of(backend: str, name: str) -> list[str]:
    """The parameters of `name`, such as 'Trainer.fit', on a backend such as 'jax'."""
    parameters = DIFFERING_SIGNATURES.get(backend, {}).get(name, SIGNATURES[name])
    return parameters.split(', ') if parameters else []
