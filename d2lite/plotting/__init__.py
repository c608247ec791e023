"""Plots: the board of a training, and single figures."""
