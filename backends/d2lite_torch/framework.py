"""PyTorch, imported in the state that d2lite needs: as it comes."""

import torch

from d2lite.seeds import seed_framework_with

NAME = 'pytorch'


def version() -> str:
    """The release of PyTorch, e.g. '2.13.0+cpu'."""
    return torch.__version__


def device_names() -> list[str]:
    """The devices PyTorch can use, GPUs first: e.g. ['cuda:0', 'cpu']."""
    gpus = [f'cuda:{i}' for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        gpus.append('mps')
    return [*gpus, 'cpu']


def cuda_version() -> str:
    """The version of CUDA that this build of PyTorch is for, '' of a build without."""
    return torch.version.cuda or ''


def seed(n: int) -> None:
    """Seeds PyTorch's own random numbers, on every device."""
    torch.manual_seed(n)


seed_framework_with(seed)
