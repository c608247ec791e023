"""The built-in models by name, and for each the training on which the backends are compared."""

from d2lite.parity import networks, recurrent, transformers
from d2lite.parity.model import ParityModel
from d2lite.parity.problem import Problem

MODELS: dict[str, ParityModel] = networks.MODELS | recurrent.MODELS | transformers.MODELS


def standard_problem(
    model: str, num_steps: int | None = None, dtype: str = 'float32', seed: int = 0
) -> Problem:
    """The training of a built-in model. Raises ValueError for a name that is not in `MODELS`."""
    if model not in MODELS:
        raise ValueError(f'no model {model!r} to train: there are {", ".join(MODELS)}')
    return MODELS[model].problem(model, num_steps, dtype, seed)
