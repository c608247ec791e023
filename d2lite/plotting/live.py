"""LivePlot: a figure that is shown while numbers come in, and stays out of their way.

In a notebook frames are drawn at most ten times a second. One display is updated in place, and the
last frame is always drawn. In a script the figure is one of pyplot's, for `plt.show()`.
"""

import io
import os
import time
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from d2lite.hyperparameters import HyperParameters
from d2lite.plotting.notebook import dismiss, in_notebook, show_after_cell

SECONDS_BETWEEN_FRAMES = 0.1
REST = 5  # after a frame, this many times what it took: drawing takes a sixth of the time at most


class LivePlot(HyperParameters):
    """The base of ProgressBoard and Animator.

    They define `_add_axes(fig)`, which returns the axes, and `_draw_lines()`, which draws into
    `self._axes` and keeps in `self._lines` what is to be removed before the next frame.
    """

    display = True  # False: collect points, show nothing
    figsize = (3.5, 2.5)  # inches
    silent = False  # True: neither shows nor writes anything, as in a process beside the first

    def __init__(self) -> None:
        self._fig, self._axes = None, None
        self._is_given = False  # somebody else's figure, which is shown without being asked for
        self._is_drawn = True  # the figure has every point
        self._is_drawing = False  # what draws may read `axes` and `fig`
        self._lines = []
        self._handle = None  # the display in a notebook
        self._next_frame = float('-inf')  # not to be drawn before this time

    @property
    def fig(self) -> Figure:
        """The matplotlib figure, with every line up to date."""
        return self.figure()

    @fig.setter
    def fig(self, fig: Figure | None) -> None:
        self._fig, self._axes, self._lines = fig, None, []
        self._is_given = fig is not None

    @property
    def axes(self) -> Any:
        """The axes of the figure, with every line up to date."""
        self.figure()
        return self._axes

    @axes.setter
    def axes(self, axes: Axes | None) -> None:
        if axes is not None:
            self.fig = axes.figure
        self._axes = axes

    def figure(self) -> Figure:
        """The matplotlib figure, with every line up to date."""
        if self._is_drawing:
            return self._fig
        self._open()
        if self._axes is None:
            self._axes = self._add_axes(self._fig)
        for line in self._lines:
            if line.axes is not None:  # a page has cleared the axes
                line.remove()
        self._lines = []
        self._is_drawing = True
        try:
            self._draw_lines()
        finally:
            self._is_drawing = False
        self._is_drawn = True
        return self._fig

    def save(self, path: str | os.PathLike) -> None:
        """Writes the figure to `path`; the suffix says the format (.svg, .png, .pdf)."""
        if self.silent:
            return
        self.figure().savefig(path, bbox_inches='tight')

    def is_watched(self) -> bool:
        """Returns True if frames are drawn while points come in."""
        return self.display and not self.silent and in_notebook()

    def is_due(self) -> bool:
        """Returns True if it is time for the next frame."""
        return time.monotonic() >= self._next_frame

    def show(self) -> None:
        """Draws what has come so far in a notebook, in place of the frame before."""
        if self.silent or not in_notebook():
            return
        from IPython.display import display

        begun = time.monotonic()
        if self._handle is None:
            self._handle = display(self, display_id=True)
        else:
            self._handle.update(self)
        dismiss(self)
        now = time.monotonic()
        self._next_frame = now + max(SECONDS_BETWEEN_FRAMES, REST * (now - begun))

    def _show_new_points(self):
        self._is_drawn = False
        if not self.display or self.silent:
            return
        if self._is_given:
            self.figure()
        if not in_notebook():
            self._open()
            self._fig.stale = True  # so that `plt.pause` draws it
        elif self.is_due():
            self.show()
        else:
            show_after_cell(self)

    def _open(self):
        if self._fig is None:
            self._fig = self._new_figure()

    def _new_figure(self):
        if in_notebook() or not self.display or self.silent:
            # Not through pyplot: its inline backend would show the figure a second time.
            return _LiveFigure(figsize=self.figsize, live_plot=self)
        # Who trains many models need not be told that this makes many figures.
        with plt.rc_context({'figure.max_open_warning': 0}):
            return plt.figure(FigureClass=_LiveFigure, figsize=self.figsize, live_plot=self)

    def _is_closed(self):
        number = getattr(self._fig, 'number', None)  # only figures of pyplot have one
        return number is not None and not plt.fignum_exists(number)

    def __getstate__(self) -> dict[str, Any]:
        """The attributes to copy and to pickle: the display and a figure of its own stay behind."""
        state = {**vars(self), '_handle': None}
        if not self._is_given:
            state |= {'_fig': None, '_axes': None, '_lines': []}
        return state

    def _repr_svg_(self):
        # How a notebook shows an object. What cannot show SVG has the line of `__repr__`.
        buffer = io.StringIO()
        self.figure().savefig(buffer, format='svg', bbox_inches='tight')
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f'<{type(self).__name__}>'


class _LiveFigure(Figure):
    """A figure that has the newest points of its plot whenever pyplot shows or saves it."""

    def __init__(self, *args, live_plot, **kwargs):
        super().__init__(*args, **kwargs)
        self.live_plot = live_plot

    def draw(self, renderer):
        if not self.live_plot._is_drawn:
            self.live_plot.figure()
        super().draw(renderer)


def new_axes() -> Axes:
    """The current axes of pyplot, unless they belong to a LivePlot: then those of a new figure."""
    if isinstance(plt.gcf(), _LiveFigure):
        plt.figure()
    return plt.gca()
