"""The HybridBlocks of a model on MXNet, and which of them run as graphs."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mxnet.gluon import nn

if TYPE_CHECKING:
    from d2lite_mxnet.module import Module


def hybrid_blocks(model: 'Module') -> list[nn.HybridBlock]:
    """The HybridBlocks of a model, each before its children."""
    blocks = []
    nn.Block.apply(model, blocks.append)
    return [block for block in reversed(blocks) if isinstance(block, nn.HybridBlock)]


def is_hybridized(block: nn.HybridBlock) -> bool:
    """Returns True if a HybridBlock runs as a graph."""
    return block._active  # Gluon tells it nowhere else


@contextlib.contextmanager
def layer_by_layer(model: 'Module') -> Iterator[None]:
    """Within this context no block runs as a graph, so that hooks of layers are called."""
    hybridized = [block for block in hybrid_blocks(model) if is_hybridized(block)]
    try:
        for block in hybridized:
            block.hybridize(False, clear=False)
        yield
    finally:
        for block in hybridized:
            block.hybridize(clear=False)
