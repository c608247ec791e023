"""The training loop: models, the trainer, and what it reports."""
