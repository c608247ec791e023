"""d2lite on MXNet: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('mxnet')

from d2lite.interface import NAMES
from d2lite.shared import *
from d2lite_mxnet import framework
from d2lite_mxnet.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    PositionalEncoding,
    masked_softmax,
)
from d2lite_mxnet.classification import MLP, Classifier, SoftmaxRegression, accuracy
from d2lite_mxnet.clipping import grad_clipping
from d2lite_mxnet.convolution import LeNet, corr2d, init_cnn
from d2lite_mxnet.data import (
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
from d2lite_mxnet.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_mxnet.linear import LinearRegression, LinearRegressionScratch, linreg, sgd, squared_loss
from d2lite_mxnet.module import Module, nn_Module
from d2lite_mxnet.optimizer import SGD
from d2lite_mxnet.recurrent import (
    GRU,
    LSTM,
    RNN,
    RNNLM,
    RNNLMScratch,
    RNNScratch,
)
from d2lite_mxnet.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_mxnet.search import HPOTrainer, hpo_objective_lenet
from d2lite_mxnet.seq2seq import (
    Seq2Seq,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
)
from d2lite_mxnet.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_mxnet.tensor import *
from d2lite_mxnet.trainer import Trainer
from d2lite_mxnet.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2lite_mxnet.transformer_lm import TransformerLM
from d2lite_mxnet.vision_transformer import PatchEmbedding, ViT, ViTBlock, ViTMLP

__all__ = [*NAMES]
