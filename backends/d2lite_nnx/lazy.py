"""Layers of NNX that learn from their first inputs how many features these have; embeddings.

NNX makes the weights of a layer together with the layer, and so asks for the size of its inputs.
The models of d2lite are told no such sizes: theirs are these layers, as PyTorch's are `LazyLinear`.
Once made, each is nothing but the layer of NNX whose name it has.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
from flax import nnx


@dataclasses.dataclass(eq=False)
class Recipe:
    """What a layer is to be made with. The copies of a layer in programs share it."""

    sizes: tuple
    options: dict
    in_features: int | None = None


class Lazy:
    """A layer without the number of its inputs; its other arguments are those of NNX's layer."""

    def __init__(self, *sizes: Any, rngs: nnx.Rngs, **options: Any) -> None:
        self.recipe, self.rngs = Recipe(sizes, options), rngs

    def __call__(self, X: jax.Array, **kwargs: Any) -> jax.Array:
        if self.recipe is not None:
            self.recipe.in_features = X.shape[-1]
            self.make()
        return super().__call__(X, **kwargs)

    def make(self) -> None:
        """Makes the layer, for as many features as its recipe says."""
        recipe, rngs, self.recipe = self.recipe, self.rngs, None
        del self.rngs
        super().__init__(recipe.in_features, *recipe.sizes, rngs=rngs, **recipe.options)


class Linear(Lazy, nnx.Linear):
    pass


class Conv(Lazy, nnx.Conv):
    pass


class BatchNorm(Lazy, nnx.BatchNorm):
    pass


class LayerNorm(Lazy, nnx.LayerNorm):
    pass


class Embed(nnx.Embed):
    """Flax's own embedding, with outputs of the type that its weights have, and not once had."""

    def __init__(self, num_embeddings: int, features: int, rngs: nnx.Rngs) -> None:
        super().__init__(num_embeddings, features, rngs=rngs)
        self.dtype = None


def make_layers(model: nnx.Module, inputs: Sequence[jax.Array]) -> None:
    """Makes the lazy layers of `model`, with what a pass over the tuple `inputs` tells of them."""
    if not any(True for _ in unmade(model)):
        return
    graphdef, state = nnx.split(model)

    def forward(state, inputs):
        nnx.merge(graphdef, state)(*inputs)

    try:
        # Shapes only: nothing is computed, and no operation compiled.
        jax.eval_shape(forward, state, tuple(inputs))
    except TypeError:  # it looks at values, which there are none
        forward(state, tuple(inputs))
    for layer in list(unmade(model)):
        if layer.recipe.in_features is not None:
            layer.make()


def unmade(model: nnx.Module) -> Any:
    """The layers of `model` that are not made yet, in the order of their names."""
    for _, layer in nnx.iter_modules(model):
        if isinstance(layer, Lazy) and layer.recipe is not None:
            yield layer
