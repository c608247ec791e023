"""A backend of matplotlib whose windows are a list: what `plt.show()` would show."""

import matplotlib.pyplot as plt
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown = []


class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        for number in plt.get_fignums():
            figure = plt.figure(number)
            figure.canvas.draw()
            shown.append([[line.get_xydata().tolist() for line in ax.lines] for ax in figure.axes])


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager
