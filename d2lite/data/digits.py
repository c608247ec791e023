"""Digits: 1,797 real handwritten digits of 8 x 8 pixels, which are part of scikit-learn.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository, 1998.
"""

import numpy as np

from d2lite.data.images import ImageData, Size
from d2lite.data.optional import import_for


class Digits(ImageData):
    """Handwritten digits, 8 x 8 pixels, which need no download.

    `resize`: (height, width), or None for 8 x 8. A fifth of each class, always the same images, is
    for validation: 1,442 to train on and 355 to validate on. Raises ImportError without
    scikit-learn.
    """

    classes = tuple('0123456789')

    def __init__(self, batch_size: int = 64, resize: Size | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        digits = import_for('Digits', 'sklearn.datasets').load_digits()
        images, labels = digits.images.astype(np.float32), digits.target
        train, val = split(labels)
        self.set_images(
            (images[train], labels[train]), (images[val], labels[val]), white=16, resize=resize
        )


def split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows to train on and to validate on: a fifth of each class, by an order fixed here."""
    order = np.random.default_rng(0).permutation(len(labels))
    val = [order[labels[order] == label][: np.sum(labels == label) // 5] for label in range(10)]
    val = np.sort(np.concatenate(val))
    return np.setdiff1d(np.arange(len(labels)), val), val
