"""Fashion-MNIST: 70,000 grey images of clothing, 28 x 28 pixels, in ten classes.

Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms", 2017; MIT licence.
"""

import os
from pathlib import Path

import numpy as np

from d2lite.data import download as downloads
from d2lite.data.idx import read_idx
from d2lite.data.images import ImageData, Size
from d2lite.saving.storage import FileError


class FashionMNIST(ImageData):
    """60,000 images to train on and 10,000 to validate on, with ten classes of clothing.

    `resize`: (height, width) of the images. The four original files, compressed or not, are looked
    for in `root`/FashionMNIST/raw, as torchvision does; missing ones are downloaded, and their
    checksums compared.

    Raises FileError if a file is damaged, DownloadError if one is missing and cannot be fetched.
    Definition: d2l, section "The Image Classification Dataset".
    """

    base_url = 'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/'
    # By `train`: the files of images and labels, with the MD5 sums that the authors publish.
    files = {
        True: {
            'train-images-idx3-ubyte.gz': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
            'train-labels-idx1-ubyte.gz': '25c81989df183df01b3e8a0aad5dffbe',
        },
        False: {
            't10k-images-idx3-ubyte.gz': 'bef4ecab320f06d8554ea6380940ec79',
            't10k-labels-idx1-ubyte.gz': 'bb300cfdad3c16e7a12a480ee83cd310',
        },
    }
    classes = tuple('t-shirt trouser pullover dress coat sandal shirt sneaker bag'.split())
    classes += ('ankle boot',)

    def __init__(
        self,
        batch_size: int = 64,
        resize: Size | None = (28, 28),
        root: str | os.PathLike = '../data',
        num_workers: int = 4,
    ) -> None:
        super().__init__(root, num_workers)
        self.save_hyperparameters()
        self.set_images(self._read(True), self._read(False), white=255, resize=resize)

    def _read(self, train: bool) -> tuple[np.ndarray, np.ndarray]:
        image_file, label_file = (self._find(*item) for item in self.files[train].items())
        try:
            images, labels = read_idx(image_file, num_axes=3), read_idx(label_file, num_axes=1)
        except FileError as error:
            raise FileError(f'{error}. Delete it, and it is downloaded again') from None
        if len(images) != len(labels) or len(images) == 0:
            raise FileError(
                f'{image_file} has {len(images)} images, and {label_file} {len(labels)} labels: '
                f'expected one label for every image, and at least one'
            )
        if labels.max() >= len(self.classes):
            raise FileError(
                f'{label_file} has the label {labels.max()}: expected 0 to {len(self.classes) - 1}'
            )
        return images, labels

    def _find(self, name: str, md5: str) -> Path:
        folder = downloads.data_folder(self.root) / 'FashionMNIST' / 'raw'
        for path in (folder / name, folder / name.removesuffix('.gz')):
            if path.exists():
                return path
        return downloads.fetch(self.base_url + name, folder, md5)
