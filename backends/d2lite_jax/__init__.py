"""d2lite on JAX: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('jax')

from d2lite.interface import NAMES
from d2lite.shared import *
from d2lite.training.distributed import join
from d2lite_jax import distributed, framework
from d2lite_jax.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    PositionalEncoding,
    masked_softmax,
)
from d2lite_jax.classification import MLP, Classifier, SoftmaxRegression, accuracy
from d2lite_jax.clipping import grad_clipping
from d2lite_jax.convolution import LeNet, corr2d, init_cnn
from d2lite_jax.data import (
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
from d2lite_jax.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_jax.framework import get_key, get_seed
from d2lite_jax.linear import LinearRegression, LinearRegressionScratch, linreg, sgd, squared_loss
from d2lite_jax.module import Module, nn_Module
from d2lite_jax.optimizer import SGD
from d2lite_jax.recurrent import (
    GRU,
    LSTM,
    RNN,
    RNNLM,
    RNNLMScratch,
    RNNScratch,
)
from d2lite_jax.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_jax.search import HPOTrainer, hpo_objective_lenet
from d2lite_jax.seq2seq import (
    Seq2Seq,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lite_jax.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_jax.tensor import *
from d2lite_jax.trainer import Trainer, TrainState
from d2lite_jax.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2lite_jax.transformer_lm import TransformerLM
from d2lite_jax.vision_transformer import PatchEmbedding, ViT, ViTBlock, ViTMLP

join(distributed)  # before anything is computed

__all__ = [*NAMES, 'TrainState', 'get_key', 'get_seed']
