"""ProgressBoard: draws the curves of a training while it runs."""

import collections
import itertools
from collections.abc import Hashable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from d2lite.plotting.live import LivePlot

__all__ = ['Point', 'ProgressBoard']

Point = collections.namedtuple('Point', ['x', 'y'])


class ProgressBoard(LivePlot):
    """A figure whose lines grow point by point.

    `xlabel`, `ylabel`, `xlim`, `ylim`, `xscale`, `yscale`: of the axes. `ls`, `colors`: line styles
    and colours, taken in turn. `fig`, `axes`: draw into these instead of a figure of its own.
    `figsize`: inches. `display=False`: collect points, show nothing. `data`: the points (x, y) of
    each label. Definition: d2l, section "Object-Oriented Design for Implementation".
    """

    def __init__(
        self,
        xlabel: str | None = None,
        ylabel: str | None = None,
        xlim: Sequence[float] | None = None,
        ylim: Sequence[float] | None = None,
        xscale: str = 'linear',
        yscale: str = 'linear',
        ls: Sequence[str] = ('-', '--', '-.', ':'),
        colors: Sequence[str] = ('C0', 'C1', 'C2', 'C3'),
        fig: Figure | None = None,
        axes: Axes | None = None,
        figsize: tuple[float, float] = (3.5, 2.5),
        display: bool = True,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.raw_points = {}  # label: the points of a mean that is not complete yet
        self.data = {}  # label: the points of the line

    def begin(self, xlim: Sequence[float] | None = None, xlabel: str | None = None) -> None:
        """Begins an empty plot: a second training draws from the beginning, in a new display."""
        if self._is_closed():
            self.fig = None
        self.raw_points, self.data = {}, {}
        self._is_drawn = False
        self._handle, self._next_frame = None, float('-inf')
        self.xlim, self.xlabel = xlim, self.xlabel or xlabel

    def draw(self, x: Any, y: Any, label: Hashable, every_n: int = 1) -> None:
        """Adds (x, y) to the line `label`, which shows the mean of every `every_n` points.

        `y`: a number or a scalar tensor, which is read when such a mean is complete.
        """
        self.draw_all([x], [y], label, every_n)

    def draw_all(self, xs: Sequence, ys: Sequence, label: Hashable, every_n: int = 1) -> None:
        """Adds the points of several steps, as `draw` would one after the other."""
        if every_n < 1:
            raise ValueError(f'every_n must be at least 1, got {every_n}')
        points = self.raw_points.setdefault(label, [])
        line = self.data.setdefault(label, [])
        length, start = len(line), 0
        while start < len(xs):
            stop = start + max(1, every_n - len(points))
            if not points and stop <= len(xs):  # all points of a mean
                line.append(Point(_mean(xs[start:stop]), _mean(ys[start:stop])))
            else:
                points.extend(zip(xs[start:stop], ys[start:stop], strict=True))
            if len(points) >= every_n:
                line.append(Point(*map(_mean, zip(*points, strict=True))))
                points.clear()
            start = stop
        if len(line) > length:
            self._show_new_points()

    def __repr__(self) -> str:
        """One line: the curves, and how many points each has."""
        lines = [f'{label} ({len(points)} points)' for label, points in self.data.items()]
        return f'<{type(self).__name__}: {", ".join(lines) or "no points yet"}>'

    def get_state(self) -> dict[str, Any]:
        """The points, as plain numbers, for a checkpoint."""
        data = {label: list(points) for label, points in self.data.items()}
        raw = {k: [(float(x), float(y)) for x, y in each] for k, each in self.raw_points.items()}
        return {'data': data, 'raw': raw}

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts the points back that `get_state` gave."""
        self.raw_points = {k: [tuple(p) for p in points] for k, points in state['raw'].items()}
        self.data = {k: [Point(*p) for p in points] for k, points in state['data'].items()}
        self._is_drawn = False

    def finish(self) -> None:
        """Draws the last frame, if one is due; the Trainer calls it at the end of `fit`."""
        if self.display and any(self.data.values()):
            self.show()

    def flush(self) -> None:
        """Draws what has come so far, at once; a mean that is not complete becomes a point."""
        for label, points in self.raw_points.items():
            if points:
                self.data[label].append(Point(*map(_mean, zip(*points, strict=True))))
                points.clear()
        self._is_drawn = False
        self.finish()

    def _add_axes(self, fig):
        return fig.gca()

    def _draw_lines(self):
        axes = self._axes
        styles = zip(itertools.cycle(self.ls), itertools.cycle(self.colors), strict=False)
        for (label, points), (ls, color) in zip(self.data.items(), styles, strict=False):
            if points:
                x, y = zip(*points, strict=True)
                self._lines += axes.plot(x, y, linestyle=ls, color=color, label=label)
        axes.relim()  # without what was removed
        axes.autoscale_view()
        axes.set(xscale=self.xscale, yscale=self.yscale)
        axes.set(xlabel=self.xlabel or '', ylabel=self.ylabel or '')
        if self.xlim:
            axes.set_xlim(self.xlim)
        if self.ylim:
            axes.set_ylim(self.ylim)
        if self._lines:
            axes.legend(handles=self._lines)


def _mean(values):
    return sum(map(float, values)) / len(values)
