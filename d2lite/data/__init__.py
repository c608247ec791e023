"""Data sets, and the loaders that cut them into minibatches."""
