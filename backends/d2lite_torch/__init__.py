"""d2lite on PyTorch: everything that `d2l.` offers on this backend."""

from d2lite.selection import require

require('pytorch')

from d2lite.interface import NAMES
from d2lite.shared import *
from d2lite_torch import framework
from d2lite_torch.attention import (
    AdditiveAttention,
    DotProductAttention,
    MultiHeadAttention,
    PositionalEncoding,
    masked_softmax,
)
from d2lite_torch.classification import MLP, Classifier, SoftmaxRegression, accuracy
from d2lite_torch.clipping import grad_clipping
from d2lite_torch.convolution import LeNet, corr2d, init_cnn
from d2lite_torch.data import (
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
from d2lite_torch.devices import cpu, gpu, num_gpus, try_all_gpus, try_gpu
from d2lite_torch.linear import LinearRegression, LinearRegressionScratch, linreg, sgd, squared_loss
from d2lite_torch.module import Module, nn_Module
from d2lite_torch.optimizer import SGD
from d2lite_torch.recurrent import (
    GRU,
    LSTM,
    RNN,
    RNNLM,
    RNNLMScratch,
    RNNScratch,
)
from d2lite_torch.resnet import Residual, ResNet, ResNeXtBlock
from d2lite_torch.search import HPOTrainer, hpo_objective_lenet
from d2lite_torch.seq2seq import (
    Seq2Seq,
    Seq2SeqAttentionDecoder,
    Seq2SeqDecoder,
    Seq2SeqEncoder,
    init_seq2seq,
)
from d2lite_torch.sequence import AttentionDecoder, Decoder, Encoder, EncoderDecoder
from d2lite_torch.tensor import *
from d2lite_torch.trainer import Trainer
from d2lite_torch.transformer import (
    AddNorm,
    PositionWiseFFN,
    TransformerDecoder,
    TransformerDecoderBlock,
    TransformerEncoder,
    TransformerEncoderBlock,
)
from d2lite_torch.transformer_lm import TransformerLM
from d2lite_torch.vision_transformer import PatchEmbedding, ViT, ViTBlock, ViTMLP

__all__ = [*NAMES, 'init_seq2seq']
