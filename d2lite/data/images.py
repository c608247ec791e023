"""Images with labels: resizing, minibatches, and a picture of a batch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from d2lite.data.loader import TensorLoader
from d2lite.data.module import DataModule
from d2lite.data.rows import row_numbers
from d2lite.plotting.figures import show_images

Size = int | tuple[int, int]  # (height, width) in pixels, a number for both
Split = tuple[np.ndarray, np.ndarray]  # images (n, height, width) and labels (n,)

# A split whose resized images take no more bytes than this is resized once and kept; a larger one
# (Fashion-MNIST at 224 x 224 would take 12 GB) is resized batch by batch.
KEPT_BYTES = 2**28


class ImageData(DataModule):
    """Grey images with labels, for classification.

    A subclass calls `set_images` in its constructor. Batches are X, float32 from 0 to 1, of shape
    (n, 1, height, width) on PyTorch and MXNet and (n, height, width, 1) on TensorFlow and JAX, and
    y, integers of shape (n,).
    """

    classes: tuple[str, ...] = ()  # the names of the labels 0, 1, ...
    channel_axis: int  # of X, set in each backend's subclass

    def set_images(
        self, train: Split, val: Split, white: float, resize: Size | None = None
    ) -> None:
        """Sets the images and labels of both splits.

        `train`, `val`: NumPy arrays, images (n, height, width) and labels (n,). `white`: the pixel
        value that becomes 1. `resize`: (height, width), or None to leave the images as they are.
        """
        self.resize = _checked_size(resize)
        self._arrays = {True: train, False: val}
        self._white, self._kept = white, {}
        self.train, self.val = self.examples(*train), self.examples(*val)

    def examples(self, images: np.ndarray, labels: np.ndarray) -> Any:
        """The attributes `train` and `val`, which differ between the tabs of the book."""
        raise NotImplementedError('each backend defines examples')

    def text_labels(self, indices: Sequence[int]) -> list[str]:
        """The names of the classes, a list of strings, for integer labels."""
        return [self.classes[int(i)] for i in indices]

    def get_dataloader(self, train: bool) -> TensorLoader:
        """Minibatches (X, y) of the images to train on, shuffled, or to validate on."""
        images, labels = self._arrays[train]
        height, width = self.resize or images.shape[1:]
        if 4 * len(images) * height * width > KEPT_BYTES:  # float32
            return ResizingLoader(self, images, labels, shuffle=train)
        if train not in self._kept:
            self._kept[train] = self.tensors(images, labels)
        return self.get_tensorloader(self._kept[train], train)

    def visualize(
        self, batch: Sequence, nrows: int = 1, ncols: int = 8, labels: Sequence[str] = ()
    ) -> None:
        """Shows the first nrows * ncols images of a batch, titled with `labels` or classes."""
        X, y = batch
        count = min(nrows * ncols, len(X))
        titles = list(labels)[:count] if len(labels) else self.text_labels(y[:count])
        show_images(X[:count], nrows, ncols, titles=titles)

    def tensors(self, images: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """NumPy images and labels as the tensors of a batch."""
        # One resizing in one place, so that the four backends see the same numbers.
        X = resized(images, self.resize).astype(np.float32) / np.float32(self._white)
        X = np.expand_dims(X, self.channel_axis)
        return self.tensor(X), self.tensor(labels.astype(self.label_dtype))


class Arrays(DataModule):
    """Rows of NumPy arrays, for a loader."""

    numpy = tensor = staticmethod(np.asarray)

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        return False

    @staticmethod
    def gather(tensor: np.ndarray, rows: slice | np.ndarray) -> np.ndarray:
        return tensor[rows]


class ResizingLoader(TensorLoader):
    """Minibatches of images that are resized batch by batch."""

    def __init__(
        self, data: ImageData, images: np.ndarray, labels: np.ndarray, shuffle: bool
    ) -> None:
        super().__init__((images, labels), data.batch_size, Arrays, shuffle, data._loader_seed())
        self.image_data = data
        self.settings += f' {data.resize}'

    def batch(self, order: Any, index: int) -> tuple:
        return self.image_data.tensors(*super().batch(order, index))


class Examples:
    """Examples one by one: `examples[i]` is (image, label), a tensor as in a batch and an int.

    A slice, integers or a mask give several: (images, labels), as in a batch.
    """

    def __init__(self, data: ImageData, images: np.ndarray, labels: np.ndarray) -> None:
        self.data, self.images, self.labels = data, images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int | slice | Sequence[int] | np.ndarray) -> tuple[Any, Any]:
        one = not isinstance(i, slice) and np.ndim(i) == 0
        rows = i if isinstance(i, slice) else self.data.numpy([i] if one else i)
        rows = row_numbers(rows, len(self))
        X, y = self.data.tensors(self.images[rows], self.labels[rows])
        return (X[0], int(self.labels[rows[0]])) if one else (X, y)


def resized(images: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Images (n, height, width) at another `size`, as Pillow's bilinear filter resizes them.

    Bytes stay bytes, rounded, as in the usual preprocessing of photographs; float32 stays float32.
    """
    if size is None or tuple(images.shape[1:]) == size:
        return images
    from PIL import Image

    height, width = size
    out = np.empty((len(images), height, width), images.dtype)
    for i, image in enumerate(images):
        out[i] = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return out


def _checked_size(resize: Size | None) -> tuple[int, int] | None:
    if resize is None:
        return None
    sides = (resize, resize) if isinstance(resize, int) else tuple(resize)
    if len(sides) != 2 or any(int(side) != side or side < 1 for side in sides):
        raise ValueError(f'resize must be (height, width) in pixels, or None, got {resize!r}')
    return int(sides[0]), int(sides[1])
