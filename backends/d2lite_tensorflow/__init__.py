"""d2lite on TensorFlow: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('tensorflow')

from d2lite.interface import NAMES
from d2lite.shared import *
from d2lite.training.distributed import join
from d2lite_tensorflow import distributed, framework
from d2lite_tensorflow.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    PositionalEncoding,
    masked_softmax,
)
from d2lite_tensorflow.classification import MLP, Classifier, SoftmaxRegression, accuracy
from d2lite_tensorflow.clipping import grad_clipping
from d2lite_tensorflow.convolution import LeNet, corr2d, init_cnn
from d2lite_tensorflow.data import (
    DataModule,
    Digits,
    FashionMNIST,
    KaggleHouse,
    MTFraEng,
    SentencePairs,
    ShortStories,
    SyntheticRegressionData,
    TimeMachine,
    data_iter,
    load_array,
    synthetic_data,
)
from d2lite_tensorflow.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_tensorflow.linear import (
    LinearRegression,
    LinearRegressionScratch,
    linreg,
    sgd,
    squared_loss,
)
from d2lite_tensorflow.module import Module, nn_Module
from d2lite_tensorflow.optimizer import SGD
from d2lite_tensorflow.recurrent import (
    GRU,
    LSTM,
    RNN,
    RNNLM,
    RNNLMScratch,
    RNNScratch,
)
from d2lite_tensorflow.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_tensorflow.search import HPOTrainer, hpo_objective_lenet
from d2lite_tensorflow.seq2seq import (
    Seq2Seq,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lite_tensorflow.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_tensorflow.tensor import *
from d2lite_tensorflow.trainer import Trainer
from d2lite_tensorflow.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2lite_tensorflow.transformer_lm import TransformerLM
from d2lite_tensorflow.vision_transformer import PatchEmbedding, ViT, ViTBlock, ViTMLP

join(distributed)  # before anything is computed

__all__ = [*NAMES]
