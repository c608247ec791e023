"""Data sets, read once with NumPy and the same on every backend.

Each backend's `data.py` gives these classes its tensors; see `d2l.FashionMNIST` and the others.
"""
