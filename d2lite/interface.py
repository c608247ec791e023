"""The interface of a backend: the names behind `d2l.`, by subject.

A backend may offer more names (JAX has `get_key`), never less. Whoever adds a backend starts here;
what the names take is in tests/signatures.py.
"""

import importlib
from typing import Any

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

CLASSIFICATION = 'Classifier SoftmaxRegression MLP accuracy'.split()

CONVOLUTION = 'corr2d init_cnn LeNet Residual ResNeXtBlock ResNet'.split()

RECURRENT = 'RNNScratch RNNLMScratch RNN GRU LSTM RNNLM grad_clipping'.split()

SEQUENCES = """
    Encoder Decoder AttentionDecoder EncoderDecoder
    Seq2SeqEncoder Seq2SeqDecoder Seq2SeqAttentionDecoder Seq2Seq
""".split()

ATTENTION = """
    masked_softmax AdditiveAttention DotProductAttention MultiHeadAttention PositionalEncoding
    PositionWiseFFN AddNorm TransformerEncoderBlock TransformerEncoder
    TransformerDecoderBlock TransformerDecoder
    PatchEmbedding ViTMLP ViTBlock ViT TransformerLM
""".split()

DATA = """
    FashionMNIST Digits KaggleHouse
    download extract download_extract DATA_HUB DATA_URL
""".split()

TEXT = """
    Vocab TimeMachine ShortStories MTFraEng SentencePairs truncate_pad bleu
""".split()

SEARCH = """
    HPOTrainer HPOSearcher RandomSearcher HPOScheduler BasicScheduler SuccessiveHalvingScheduler
    HPOTuner hpo_objective_lenet
""".split()

OTHERS = """
    rbfkernel make_env frozen_lake show_value_function_progress show_Q_function_progress
""".split()

FIGURES = """
    plt use_svg_display set_figsize set_axes plot show_images show_heatmaps Animator
    show_list_len_pair_hist
""".split()

HELPERS = 'Timer Accumulator check_len check_shape'.split()

NAMES: list[str] = TENSORS + DEVICES + TRAINING + LINEAR_REGRESSION + CLASSIFICATION + CONVOLUTION
NAMES += RECURRENT + SEQUENCES + ATTENTION + DATA + TEXT + FIGURES + SEARCH + OTHERS + HELPERS


# Modules that pages reach through `d2l`, which has them from its own imports. They are no names of
# the interface: whoever writes a page imports them.
MODULES = {
    'np': 'numpy', 'pd': 'pandas', 'Image': 'PIL.Image', 'display': 'IPython.display',
    'math': 'math', 'os': 'os', 'sys': 'sys', 're': 're', 'time': 'time', 'random': 'random',
    'json': 'json', 'collections': 'collections', 'inspect': 'inspect', 'hashlib': 'hashlib',
    'shutil': 'shutil', 'tarfile': 'tarfile', 'zipfile': 'zipfile', 'requests': 'requests',
}  # fmt: skip
MODULES_OF = {'mxnet': {'np': 'mxnet.numpy', 'npx': 'mxnet.numpy_extension'}}  # of one backend


def module(backend: str, name: str) -> Any:
    """The module that `d2l.NAME` is, as pages have it. Raises the AttributeError of `missing`."""
    path = {**MODULES, **MODULES_OF.get(backend, {})}.get(name)
    if path is None:
        raise missing(backend, name)
    try:
        return importlib.import_module(path)
    except ImportError as error:
        raise missing(backend, name) from error


def missing(backend: str, name: str) -> AttributeError:
    """The error of a name that d2lite does not have on a tab; it says which names look like it."""
    error = AttributeError(f'd2lite on {backend} has no {name!r}')
    if not name.startswith('_'):  # Python itself asks for such
        from d2lite.pages.hints import name_hint

        error.add_note(name_hint(name))
    return error
