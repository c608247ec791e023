"""ProgressBoard: draws the curves of a training while it runs, and stays out of its way.

Frames are drawn at most ten times a second. In a notebook one display is updated in place, and the
last frame is always drawn.
"""

import collections
import io
import itertools
import os
import sys
import time
from collections.abc import Hashable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from d2lite.hyperparameters import HyperParameters

Point = collections.namedtuple('Point', ['x', 'y'])

SECONDS_BETWEEN_FRAMES = 0.1
REST = 5  # after a frame, this many times what it took: drawing takes a sixth of the time at most


class ProgressBoard(HyperParameters):
    """A figure whose lines grow point by point.

    `xlabel`, `ylabel`, `xlim`, `ylim`, `xscale`, `yscale`: of the axes. `ls`, `colors`: line styles
    and colours, taken in turn. `fig`, `axes`: draw into these instead of a figure of its own.
    `figsize`: inches. `display=False`: collect points, show nothing. Definition: d2l, section
    "Object-Oriented Design for Implementation".
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
        self.save_hyperparameters()
        self.raw_points = {}  # label: the points of a mean that is not complete yet
        self.data = {}  # label: the points of the line
        self._lines = []  # what is drawn of them
        self._handle = None  # the display in a notebook
        self._next_frame = float('-inf')  # not to be drawn before this time

    def begin(self, xlim: Sequence[float] | None = None, xlabel: str | None = None) -> None:
        """Begins an empty plot: a second training draws from the beginning, in a new display."""
        self.raw_points, self.data = {}, {}
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
            points.extend(zip(xs[start:stop], ys[start:stop], strict=True))
            if len(points) >= every_n:
                line.append(Point(*map(_mean, zip(*points, strict=True))))
                points.clear()
            start = stop
        if len(line) > length and self.is_watched():
            if self.is_due():
                self.show()
            else:
                _draw_after_cell(self)

    def is_watched(self) -> bool:
        """Returns True if frames are drawn while points come in."""
        return self.display and in_notebook()

    def is_due(self) -> bool:
        """Returns True if it is time for the next frame."""
        return time.monotonic() >= self._next_frame

    def get_state(self) -> dict[str, Any]:
        """The points, as plain numbers, for a checkpoint."""
        data = {label: list(points) for label, points in self.data.items()}
        raw = {k: [(float(x), float(y)) for x, y in each] for k, each in self.raw_points.items()}
        return {'data': data, 'raw': raw}

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts the points back that `get_state` gave."""
        self.raw_points = {k: [tuple(p) for p in points] for k, points in state['raw'].items()}
        self.data = {k: [Point(*p) for p in points] for k, points in state['data'].items()}

    def __getstate__(self) -> dict[str, Any]:
        """The attributes to copy and to pickle: the display and a figure of its own stay behind."""
        state = {**vars(self), '_handle': None}
        if self.hparams['fig'] is None and self.hparams['axes'] is None:
            state |= {'fig': None, 'axes': None, '_lines': []}
        return state

    def show(self) -> None:
        """Draws what has come so far in a notebook, in place of the frame before."""
        if not in_notebook():
            return
        from IPython.display import display

        begun = time.monotonic()
        if self._handle is None:
            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)
        now = time.monotonic()
        self._next_frame = now + max(SECONDS_BETWEEN_FRAMES, REST * (now - begun))

    def finish(self) -> None:
        """Draws the last frame, if one is due; the Trainer calls it at the end of `fit`."""
        _undrawn.pop(id(self), None)
        if self.display and any(self.data.values()):
            self.show()

    def save(self, path: str | os.PathLike) -> None:
        """Writes the figure to `path`; the suffix says the format (.svg, .png, .pdf)."""
        self.figure().savefig(path, bbox_inches='tight')

    def figure(self) -> Figure:
        """The matplotlib figure, with every line up to date."""
        if self.fig is None:
            # Not through pyplot: its inline backend would show the figure a second time.
            self.fig = self.axes.figure if self.axes else Figure(figsize=self.figsize)
        if self.axes is None:
            self.axes = self.fig.gca()
        axes = self.axes
        self._remove_lines()
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
        return self.fig

    def _repr_svg_(self):
        # How a notebook shows an object. What cannot show SVG has the line of `__repr__`.
        buffer = io.StringIO()
        self.figure().savefig(buffer, format='svg', bbox_inches='tight')
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f'<{type(self).__name__}>'

    def _remove_lines(self):
        for line in self._lines:
            line.remove()
        self._lines = []


_undrawn = {}  # boards whose newest points wait for the end of the cell


def _draw_after_cell(board):
    if not _undrawn:
        _shell().events.register('post_run_cell', _draw_undrawn)
    _undrawn[id(board)] = board


def _draw_undrawn(*_):
    for board in list(_undrawn.values()):
        board.show()
    _undrawn.clear()
    _shell().events.unregister('post_run_cell', _draw_undrawn)


def _shell():
    # A notebook has imported IPython already; anything else has no use for it.
    ipython = sys.modules.get('IPython')
    return ipython.get_ipython() if ipython else None


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which shows what is displayed."""
    return hasattr(_shell(), 'kernel')


def _mean(values):
    values = [float(value) for value in values]
    return sum(values) / len(values)
