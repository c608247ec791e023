"""Search for hyperparameters: searchers propose, schedulers decide, a tuner runs the trials."""
