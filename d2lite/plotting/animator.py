"""Animator: the live plot of the older, functional lessons."""

import itertools
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from d2lite.plotting.board import ProgressBoard
from d2lite.plotting.figures import set_axes


class Animator(ProgressBoard):
    """A live plot whose curves get a point each with every `add`.

    `legend`: a name for each curve. `fmts`: matplotlib formats, taken in turn. The curves are in
    `axes[0]` of `nrows` * `ncols`; a lesson may draw into the others. Definition: d2l, appendix
    "Utility Functions and Classes".
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
        # Not through pyplot: its inline backend would show the figure a second time.
        fig = Figure(figsize=figsize)
        super().__init__(fig=fig, axes=fig.subplots(nrows, ncols, squeeze=False).flatten().tolist())
        self.save_hyperparameters()
        self.num_curves = None  # the first `add` says how many there are

    def add(self, x: Any, y: Any) -> None:
        """Adds a point to each curve.

        `y`: a number or a scalar tensor for one curve, or a list with one for each; None adds
        nothing to its curve. `x`: one for all curves, or a list. Raises ValueError if the number
        of curves changes.
        """
        y = list(y) if _is_list(y) else [y]
        x = list(x) if _is_list(x) else [x] * len(y)
        if self.num_curves is None:
            self.num_curves = len(y)
        if not len(x) == len(y) == self.num_curves:
            raise ValueError(
                f'this Animator has {self.num_curves} curves, got {len(x)} x and {len(y)} y'
            )
        for i, point in enumerate(zip(x, y, strict=True)):
            if point[0] is not None and point[1] is not None:
                self.draw(*point, label=i)

    def figure(self) -> Figure:
        """The matplotlib figure, with every curve up to date."""
        axes = self.axes[0]
        self._remove_lines()
        for i, fmt in zip(range(self.num_curves or 0), itertools.cycle(self.fmts), strict=False):
            points = self.data.get(i, [])
            self._lines += axes.plot([p.x for p in points], [p.y for p in points], fmt)
        axes.relim()  # without what was removed
        axes.autoscale_view()
        limits = self.xlim, self.ylim, self.xscale, self.yscale
        set_axes(axes, self.xlabel, self.ylabel, *limits, self.legend if self._lines else None)
        return self.fig


def _is_list(values: Any) -> bool:
    # Scalar tensors have __len__ too in some frameworks.
    return hasattr(values, '__len__') and len(getattr(values, 'shape', (1,))) > 0
