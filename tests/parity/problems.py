"""The linear regressions on which the backends are compared."""

import numpy as np

from d2lite.parity import MODELS, Problem, standard_problem

LINEAR = {'LinearRegressionScratch': ('w', 'b'), 'LinearRegression': ('net.weight', 'net.bias')}


def problem(
    model='LinearRegression', n=64, d=3, singular_values=None, noise=0.01, seed=0, **kwargs
):
    """y = Xw + b + noise with normal X; `singular_values`: those of X / sqrt(n), instead."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    if singular_values is not None:
        U, _, V = np.linalg.svd(X, full_matrices=False)
        X = U * (np.sqrt(n) * np.asarray(singular_values)) @ V
    y = X @ rng.standard_normal((d, 1)) + 4.2 + noise * rng.standard_normal((n, 1))
    w, b = 0.01 * rng.standard_normal((d, 1)), 0.01 * rng.standard_normal(1)

    def make(d2l, lr):
        sizes = (d,) if model == 'LinearRegressionScratch' else ()
        return getattr(d2l, model)(*sizes, lr=lr)

    known = MODELS[model]
    return Problem(
        model,
        make,
        known.loss,
        (X, y),
        dict(zip(LINEAR[model], (w, b), strict=True)),
        seed=seed,
        loss_scale=np.mean(y**2) / 2,
        tolerances=known.tolerances,
        **kwargs,
    )


CASES = {
    'the standard problem': lambda model, dtype: standard_problem(model, dtype=dtype),
    'clipped at some steps': lambda model, dtype: problem(
        model, gradient_clip_val=1.5, lr=0.25, dtype=dtype
    ),
    'partial last batch': lambda model, dtype: problem(model, n=50, dtype=dtype),
    'batch size 1': lambda model, dtype: problem(model, n=12, batch_size=1, dtype=dtype),
    'one batch, larger than the data': lambda model, dtype: problem(
        model, n=12, batch_size=50, dtype=dtype
    ),
    'one feature': lambda model, dtype: problem(model, d=1, dtype=dtype),
    '1,000 features': lambda model, dtype: problem(model, d=1000, lr=2**-7, dtype=dtype),
    'condition number 1e5': lambda model, dtype: problem(
        model, d=6, singular_values=np.logspace(0, -5, 6), lr=0.125, dtype=dtype
    ),
}
