"""d2lite on Flax NNX: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('nnx')

from d2lite.interface import NAMES
from d2lite.shared import *
from d2lite_jax.clipping import grad_clipping
from d2lite_jax.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_jax.optimizer import SGD
from d2lite_nnx import framework, lazy
from d2lite_nnx.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    PositionalEncoding,
    masked_softmax,
)
from d2lite_nnx.classification import MLP, Classifier, SoftmaxRegression, accuracy
from d2lite_nnx.convolution import LeNet, corr2d, init_cnn
from d2lite_nnx.data import (
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
from d2lite_nnx.framework import get_key, get_seed
from d2lite_nnx.linear import LinearRegression, LinearRegressionScratch, linreg, sgd, squared_loss
from d2lite_nnx.module import Module, nn_Module
from d2lite_nnx.recurrent import (
    GRU,
    LSTM,
    RNN,
    RNNLM,
    RNNLMScratch,
    RNNScratch,
)
from d2lite_nnx.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_nnx.search import HPOTrainer, hpo_objective_lenet
from d2lite_nnx.seq2seq import (
    Seq2Seq,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lite_nnx.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_nnx.tensor import *
from d2lite_nnx.trainer import Trainer
from d2lite_nnx.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2lite_nnx.transformer_lm import TransformerLM
from d2lite_nnx.vision_transformer import PatchEmbedding, ViT, ViTBlock, ViTMLP

__all__ = [*NAMES, 'lazy', 'get_key', 'get_seed']
