"""The IDX reader: what it reads, and what it says of files that are damaged."""

import gzip

import numpy as np
import pytest
from fashion import idx

from d2lite.data.idx import read_idx
from d2lite.saving.storage import FileError

IMAGES = np.arange(2 * 3 * 4).reshape(2, 3, 4)


@pytest.mark.parametrize('pack', [gzip.compress, bytes])
def test_packed_or_not_the_array_is_the_same(tmp_path, pack):
    path = tmp_path / 'images'
    path.write_bytes(pack(idx(IMAGES)))
    found = read_idx(path, num_axes=3)
    np.testing.assert_array_equal(found, IMAGES)
    assert found.dtype == np.uint8


def test_numbers_above_one_byte_are_read_from_the_header(tmp_path):
    labels = np.zeros(70_000)
    (tmp_path / 'labels').write_bytes(idx(labels))
    assert read_idx(tmp_path / 'labels', num_axes=1).shape == (70_000,)


def changed(data, position, value):
    return data[:position] + bytes([value]) + data[position + 1 :]


FILE = idx(IMAGES)
PACKED = gzip.compress(FILE, mtime=0)  # without the time, which would differ from run to run

DAMAGED = {
    'empty': (b'', 'magic number of no bytes'),
    'floats': (
        changed(FILE, 2, 13),
        'magic number 00 00 0d 03, .* 3 axes begin with 00 00 08 03',
    ),
    'one axis': (
        changed(FILE, 3, 1),
        'magic number 00 00 08 01, .* 3 axes begin with 00 00 08 03',
    ),
    'header cut': (FILE[:10], 'was cut: its header has 10 bytes of 16'),
    'value missing': (FILE[:-1], 'announces 2 x 3 x 4 = 24 bytes, and 23 follow'),
    'value too many': (FILE + b'x', 'announces 2 x 3 x 4 = 24 bytes, and 25 follow'),
    'three images announced': (changed(FILE, 7, 3), '3 x 3 x 4 = 36 bytes, and 24 follow'),
    'four thousand million images announced': (changed(FILE, 4, 255), 'bytes, and 24 follow'),
    'gzip cut': (PACKED[:-9], 'damaged: gzip cannot unpack it'),
    'gzip header cut': (PACKED[:5], 'damaged: gzip cannot unpack it'),
    'gzip data changed': (changed(PACKED, 20, PACKED[20] ^ 1), 'damaged: gzip cannot unpack it'),
    'gzip checksum changed': (
        changed(PACKED, len(PACKED) - 6, PACKED[-6] ^ 1),
        'damaged: gzip .*CRC',
    ),
    'packed after a cut': (
        gzip.compress(FILE[:-4], mtime=0),
        'announces 2 x 3 x 4 = 24 bytes, and 20 follow',
    ),
}


@pytest.mark.parametrize('data, message', DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_one_error_that_names_it(tmp_path, data, message):
    path = tmp_path / 'the-images.gz'
    path.write_bytes(data)
    with pytest.raises(FileError, match=f'the-images.gz .*{message}'):
        read_idx(path, num_axes=3)


def test_no_byte_of_a_packed_file_changes_unnoticed(tmp_path):
    path = tmp_path / 'the-images.gz'
    for position in range(10, len(PACKED)):  # after the header of gzip, with its date and system
        path.write_bytes(changed(PACKED, position, PACKED[position] ^ 0x55))
        with pytest.raises(FileError, match='the-images.gz is damaged: gzip cannot unpack it'):
            read_idx(path, num_axes=3)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match='none cannot be read: No such file'):
        read_idx(tmp_path / 'none', num_axes=3)
