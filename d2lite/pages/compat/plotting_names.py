"""What Matplotlib and IPython have given up."""

import re

from d2lite.pages.compat.kinds import Alias, Made, OldArgument, OldForm, OldProperty


def _take_projection(function, note):
    from matplotlib import pyplot as plt

    def gca(*args, projection=None, **options):
        if projection is None:
            return function(*args, **options)
        note()
        figure = args[0] if args else plt.gcf()
        return figure.add_subplot(projection=projection, **options)

    return gca


def _take_older_styles(function, note):
    def use(style):
        names = [style] if isinstance(style, str) else style
        current = [_current_style(each) for each in names]
        if current == list(names):
            return function(style)
        note()
        return function(current)

    return use


def _current_style(style):
    older = isinstance(style, str) and re.fullmatch(r'seaborn(?!-v0_8)([\w-]*)', style)
    return f'seaborn-v0_8{older[1]}' if older else style


def _set_window_title():
    def set_window_title(self, title):
        if self.manager is not None:
            self.manager.set_window_title(title)

    return set_window_title


def _pyplot_get_cmap():
    from matplotlib import pyplot as plt

    return plt.get_cmap


def _plot_date():
    return lambda self, x, y, fmt='o', **options: self.plot(x, y, fmt, **options)


def _pyplot_plot_date():
    from matplotlib import pyplot as plt

    return lambda x, y, fmt='o', **options: plt.plot(x, y, fmt, **options)


MATPLOTLIB = [
    *[
        OldArgument(module, attribute, gone, use, error, keyword=keyword, new=new)
        for function, gone, use, error, keyword, new in [
            ('stem', 'Matplotlib 3.8', 'no argument', '', 'use_line_collection', None),
            ('grid', 'Matplotlib 3.7', 'visible=', 'keyword grid_b is not', 'b', 'visible'),
            ('boxplot', 'Matplotlib 3.11', 'tick_labels=', '', 'labels', 'tick_labels'),
        ]
        for module, attribute in [
            ('matplotlib.axes', f'Axes.{function}'),
            ('matplotlib.pyplot', function),
        ]
    ],
    *[
        OldForm(
            module,
            attribute,
            'Matplotlib 3.6',
            "plt.subplot(projection='3d')",
            r"gca\(\) got an unexpected keyword argument 'projection'",
            form='(projection=)',
            accept=_take_projection,
        )
        for module, attribute in [('matplotlib.figure', 'Figure.gca'), ('matplotlib.pyplot', 'gca')]
    ],
    OldForm(
        'matplotlib.style',
        'use',
        'Matplotlib 3.8',
        "'seaborn-v0_8' in place of 'seaborn' in the name of a style",
        r"'seaborn[\w-]*' is not a valid package style",
        form="('seaborn')",
        accept=_take_older_styles,
    ),
    Made(
        'matplotlib.cm',
        'get_cmap',
        'Matplotlib 3.9',
        'matplotlib.pyplot.get_cmap',
        make=_pyplot_get_cmap,
    ),
    Made('matplotlib.axes', 'Axes.plot_date', 'Matplotlib 3.11', '.plot(x, y)', make=_plot_date),
    Made(
        'matplotlib.pyplot',
        'plot_date',
        'Matplotlib 3.11',
        'plt.plot(x, y)',
        make=_pyplot_plot_date,
    ),
    Made(
        'matplotlib.backend_bases',
        'FigureCanvasBase.set_window_title',
        'Matplotlib 3.6',
        'figure.canvas.manager.set_window_title',
        r"'FigureCanvas\w*' object has no attribute 'set_window_title'",
        make=_set_window_title,
    ),
    OldProperty(
        'matplotlib.contour',
        'ContourSet.collections',
        'Matplotlib 3.10',
        'the contour set itself, which is one collection',
        r"ContourSet' object has no attribute 'collections'",
        get=lambda self: [self],
    ),
    OldProperty(
        'matplotlib.legend',
        'Legend.legendHandles',
        'Matplotlib 3.9',
        '.legend_handles',
        get=lambda self: self.legend_handles,
    ),
    *[
        OldProperty(
            'mpl_toolkits.mplot3d',
            f'Axes3D.w_{axis}axis',
            'Matplotlib 3.8',
            f'.{axis}axis',
            get=lambda self, axis=axis: getattr(self, f'{axis}axis'),
        )
        for axis in 'xyz'
    ],
]

IPYTHON = [
    Alias(
        'IPython.display',
        'set_matplotlib_formats',
        'IPython 9.0',
        'matplotlib_inline.backend_inline.set_matplotlib_formats',
    ),
    Alias(
        'IPython.display',
        'set_matplotlib_close',
        'IPython 9.0',
        'matplotlib_inline.backend_inline.set_matplotlib_close',
    ),
    Alias('IPython.core.display', 'display', 'IPython 9.0', 'IPython.display.display'),
    Alias('IPython.core.display', 'clear_output', 'IPython 9.0', 'IPython.display.clear_output'),
]
