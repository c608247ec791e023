"""Recurrent networks on PyTorch, and language models of them.

Inputs are (num_steps, batch_size, num_inputs). A network returns its outputs, one for each step,
and its state, which it takes again to go on. Definitions: d2l, chapters "Recurrent Neural
Networks" and "Modern Recurrent Neural Networks".
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.recurrent import continued, initial_weights
from d2lite_torch.classification import Classifier
from d2lite_torch.module import Module, evaluating
from d2lite_torch.tensor import exp, matmul, numpy, stack, swapaxes

if TYPE_CHECKING:
    from d2lite.data.vocabulary import Vocab


class RNNScratch(Module):
    """H = tanh(X W_xh + H W_hh + b_h), step by step, from tensors alone.

    The weights start normal with standard deviation `sigma`, the same on every backend for the same
    seed; `b_h` starts at 0. The state is (batch_size, num_hiddens), at first 0.
    """

    def __init__(self, num_inputs: int, num_hiddens: int, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        seed = next_seed('parameters')
        W_xh, W_hh = initial_weights(seed, sigma, num_inputs, num_hiddens)
        self.W_xh = nn.Parameter(torch.from_numpy(W_xh))
        self.W_hh = nn.Parameter(torch.from_numpy(W_hh))
        self.b_h = nn.Parameter(torch.zeros(num_hiddens))

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        if state is None:
            state = torch.zeros((inputs.shape[1], self.num_hiddens), device=inputs.device)
        outputs = []
        for X in inputs:
            state = torch.tanh(matmul(X, self.W_xh) + matmul(state, self.W_hh) + self.b_h)
            outputs.append(state)
        return outputs, state


class RNNLMScratch(Classifier):
    """A language model: a recurrent network `rnn` on one-hot tokens, and a dense layer.

    Inputs (batch_size, num_steps) are indices of tokens, outputs (batch_size, num_steps,
    vocab_size) the scores of the tokens that follow. What it plots is the perplexity,
    exp(cross-entropy).
    """

    def __init__(self, rnn: nn.Module, vocab_size: int, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.init_params()

    def init_params(self) -> None:
        """Makes the weights of the output layer."""
        shape = self.rnn.num_hiddens, self.vocab_size
        W_hq = initial_normal(next_seed('parameters'), self.rnn.sigma, shape)
        self.W_hq = nn.Parameter(torch.from_numpy(W_hq))
        self.b_q = nn.Parameter(torch.zeros(self.vocab_size))

    def training_step(self, batch: Sequence[Tensor]) -> Tensor:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=True)
        return loss

    def validation_step(self, batch: Sequence[Tensor]) -> None:
        loss = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('ppl', exp(loss), train=False)

    def one_hot(self, X: Tensor) -> Tensor:
        """Indices (batch_size, num_steps) as one-hot rows (num_steps, batch_size, vocab_size)."""
        dtype = next(self.parameters()).dtype
        return F.one_hot(X.T.long(), self.vocab_size).type(dtype)

    def output_layer(self, rnn_outputs: Sequence[Tensor]) -> Tensor:
        """The scores (batch_size, num_steps, vocab_size) for the outputs of `rnn`."""
        return matmul(stack(list(rnn_outputs), 1), self.W_hq) + self.b_q

    def forward(self, X: Tensor, state: Any = None) -> Tensor:
        rnn_outputs, _ = self.rnn(self.one_hot(X), state)
        return self.output_layer(rnn_outputs)

    def predict(
        self,
        prefix: str | Sequence[str],
        num_preds: int,
        vocab: 'Vocab',
        device: torch.device | None = None,
    ) -> str:
        """The text `prefix` and `num_preds` tokens after it, each the most probable one.

        `device`: by default that of the model. Raises ValueError for an empty prefix.
        """
        device = device or next(self.parameters()).device

        def scores(indices, state):
            X = torch.tensor([indices], device=device)
            rnn_outputs, state = self.rnn(self.one_hot(X), state)
            return numpy(self.output_layer(rnn_outputs)[0, -1]), state

        with evaluating(self):
            return continued(scores, prefix, num_preds, vocab)


class RNN(Module):
    """PyTorch's own recurrent layer with tanh.

    The state H is (1, batch_size, num_hiddens). If `bidirectional`, a second layer reads from the
    end: outputs are (num_steps, batch_size, 2 * num_hiddens), and the state is that of both.
    """

    def __init__(self, num_inputs: int, num_hiddens: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.rnn = with_one_bias(nn.RNN(num_inputs, num_hiddens, bidirectional=bidirectional))

    def forward(self, inputs: Tensor, H: Any = None) -> tuple[Tensor, Any]:
        return self.rnn(inputs, H)


class GRU(RNN):
    """PyTorch's own layers of gated recurrent units, `num_layers` of them, with dropout between.

    The state is (num_layers, batch_size, num_hiddens); twice as many layers if `bidirectional`.
    """

    def __init__(
        self,
        num_inputs: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters()
        self.rnn = nn.GRU(
            num_inputs, num_hiddens, num_layers, dropout=dropout, bidirectional=bidirectional
        )


class LSTM(RNN):
    """PyTorch's own layers of long short-term memory, `num_layers` of them, with dropout between.

    The state is a pair, the hidden state and the memory, both (num_layers, batch_size,
    num_hiddens); twice as many layers if `bidirectional`.
    """

    def __init__(
        self,
        num_inputs: int,
        num_hiddens: int,
        num_layers: int = 1,
        dropout: float = 0,
        bidirectional: bool = False,
    ) -> None:
        Module.__init__(self)
        self.save_hyperparameters()
        layers = nn.LSTM(
            num_inputs, num_hiddens, num_layers, dropout=dropout, bidirectional=bidirectional
        )
        self.rnn = with_one_bias(layers)


def with_one_bias(layers: nn.RNNBase) -> nn.RNNBase:
    """The layers with one bias to be trained, as elsewhere: the second, bias_hh, stays 0.

    The two are only added, so a step would move their sum twice.
    """
    for name, param in layers.named_parameters():
        if name.startswith('bias_hh'):
            nn.init.zeros_(param)
            param.requires_grad_(False)
    return layers


class RNNLM(RNNLMScratch):
    """A language model with PyTorch's own dense layer."""

    def init_params(self) -> None:
        self.linear = nn.LazyLinear(self.vocab_size)

    def output_layer(self, hiddens: Tensor) -> Tensor:
        return swapaxes(self.linear(hiddens), 0, 1)
