"""Animator: the live plot of the older, functional lessons."""

import itertools
from collections.abc import Sequence
from typing import Any

from d2lite.plotting.figures import set_axes
from d2lite.plotting.live import LivePlot


class Animator(LivePlot):
    """A live plot whose curves get a point each with every `add`.

    `legend`: a name for each curve. `fmts`: matplotlib formats, taken in turn. The curves are in
    `axes[0]` of `nrows` * `ncols`; a lesson may draw into the others. `X`, `Y`: a list of numbers
    for each curve, None before the first point. Definition: d2l, appendix "Utility Functions and
    Classes".
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        legend: Sequence[str] | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = 'linear',
        yscale: str = 'linear',
        fmts: Sequence[str] = ('-', 'm--', 'g-.', 'r:'),
        nrows: int = 1,
        ncols: int = 1,
        figsize: tuple[float, float] = (3.5, 2.5),
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.X, self.Y = None, None
        self.figure()

    def add(self, x: Any, y: Any) -> None:
        """Adds a point to each curve.

        `y`: a number or a scalar tensor for one curve, or a list with one for each; None adds
        nothing to its curve. `x`: one for all curves, or a list. Raises ValueError if the number
        of curves changes.
        """
        y = list(y) if _is_list(y) else [y]
        x = list(x) if _is_list(x) else [x] * len(y)
        num_curves = len(self.Y or y)
        if not len(x) == len(y) == num_curves:
            raise ValueError(
                f'this Animator has {num_curves} curves, got {len(x)} x and {len(y)} y'
            )
        points = [(_number(a), _number(b)) for a, b in zip(x, y, strict=True)]
        self.X = self.X or [[] for _ in points]
        self.Y = self.Y or [[] for _ in points]
        for xs, ys, (a, b) in zip(self.X, self.Y, points, strict=True):
            if a is not None and b is not None:
                xs.append(a)
                ys.append(b)
        self._show_new_points()

    def config_axes(self) -> None:
        """Sets labels, limits, scales, legend and grid of `axes[0]`; each frame does."""
        limits = self.xlim, self.ylim, self.xscale, self.yscale
        # A legend of no lines would be a warning of matplotlib.
        set_axes(self._axes[0], self.xlabel, self.ylabel, *limits, self.legend if self.Y else None)

    def _add_axes(self, fig):
        return fig.subplots(self.nrows, self.ncols, squeeze=False).flatten().tolist()

    def _draw_lines(self):
        axes = self._axes[0]
        axes.set_prop_cycle(None)  # each frame begins with the first colour
        curves = zip(self.X or [], self.Y or [], itertools.cycle(self.fmts), strict=False)
        for x, y, fmt in curves:
            self._lines += axes.plot(x, y, fmt)
        axes.relim()  # without what was removed
        axes.autoscale_view()
        self.config_axes()


def _is_list(values: Any) -> bool:
    # Strings have __len__, and in some frameworks scalar tensors too.
    if isinstance(values, str):
        return False
    return hasattr(values, '__len__') and len(getattr(values, 'shape', (1,))) > 0


def _number(value: Any) -> Any:
    """A tensor as a number; numbers, dates, strings and None as they are."""
    return float(value) if hasattr(value, 'shape') else value
