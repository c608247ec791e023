"""The results as a picture: each contender's epoch in multiples of the best loop's."""

import statistics

import numpy as np
from matplotlib.ticker import EngFormatter, FixedLocator

from benchmarks.measure import epoch_seconds, ratio
from benchmarks.workloads import WORKLOADS

__all__ = ['draw']

# Colours that also differ for those who see red and green alike.
LOOKS = {
    'd2l': {'color': '#b0b0b0', 'marker': 'D'},
    'tutorial': {'color': '#e69f00', 'marker': 's'},
    'd2lite': {'color': '#0072b2', 'marker': 'o'},
}
BACKENDS = {'pytorch': '#d55e00', 'jax': '#009e73', 'tensorflow': '#e69f00', 'mxnet': '#0072b2'}


def draw(results):
    """A matplotlib Figure; of what was measured, the steady epochs and how cost grows."""
    from matplotlib.figure import Figure

    steady, compiled = results.get('steady', []), results.get('compile', [])
    scaling = results.get('scaling', [])
    names = list(dict.fromkeys(row['workload'] for row in steady + compiled))
    heights = [1] * bool(steady) + [1] * bool(compiled) + [1.2] * bool(scaling)
    heights = heights or [1]
    figure = Figure(figsize=(11, 0.6 + 2.7 * sum(heights)), layout='constrained')
    parts = iter(np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights)))
    for rows, suffix, words in (
        (steady, '', 'as it comes'),
        (compiled, ' compiled', 'with compile=True'),
    ):
        if rows:
            _draw_ratios(next(parts), rows, suffix, words, names)
    if scaling:
        _draw_scaling(next(parts), scaling)
    return figure


def _draw_ratios(figure, rows, suffix, words, names):
    backends = list(dict.fromkeys(row['backend'] for row in rows))
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        for row in rows:
            if row['workload'] != name:
                continue
            y = backends.index(row['backend'])
            points = {
                label: ratio(row, label + suffix * (label == 'd2lite'), 'best' + suffix, 'cpu')
                for label in LOOKS
            }
            points = {label: x for label, x in points.items() if x is not None}
            if not points:
                axes.text(1, y, ' not measured', va='center', fontsize=8, color='0.4')
                continue
            axes.plot([1, max(points.values())], [y, y], color='0.85', lw=2, zorder=1)
            for label, x in points.items():
                axes.scatter(x, y, s=42, label=label, zorder=3, **LOOKS[label])
            best = epoch_seconds(row, 'best' + suffix, 'cpu') * 1000
            axes.text(
                0.98,
                y - 0.3,
                f'{best:.3g} ms' if best < 100 else f'{best:,.0f} ms',
                transform=axes.get_yaxis_transform(),
                ha='right',
                va='center',
                fontsize=7.5,
                color='0.35',
            )
        axes.axvline(1, color='black', lw=1, zorder=2)
        axes.set_xscale('log')
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0.8), max(high * 1.2, 3))
        axes.xaxis.set_major_locator(FixedLocator([0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500]))
        axes.xaxis.set_major_formatter('{x:g}')
        axes.xaxis.set_minor_formatter('')
        axes.set_ylim(len(backends) - 0.5, -0.6)
        axes.set_yticks(range(len(backends)), backends)
        axes.set_title(f'{name}  {WORKLOADS[name].title}', fontsize=9)
        axes.grid(axis='x', alpha=0.3)
        axes.tick_params(axis='y', length=0)
        axes.spines[['top', 'right', 'left']].set_visible(False)
    figure.suptitle(
        f'CPU time of a steady epoch, {words}: multiples of the best hand-written loop, whose '
        'milliseconds stand at the right',
        fontsize=10,
        x=0.01,
        ha='left',
    )
    handles = {}
    for axes in panels:
        found, labels = axes.get_legend_handles_labels()
        handles |= dict(zip(labels, found, strict=True))
    handles = {label: handles[label] for label in LOOKS if label in handles}
    figure.legend(
        handles.values(), handles, loc='outside lower right', ncols=3, fontsize=8, frameon=False
    )


def _draw_scaling(figure, rows):
    widths = sorted({row['size'][1] for row in rows})
    panels = figure.subplots(1, len(widths), sharex=True, sharey=True, squeeze=False)[0]
    for axes, width in zip(panels, widths, strict=True):
        for backend in dict.fromkeys(row['backend'] for row in rows):
            mine = sorted(
                (row['size'][0], row)
                for row in rows
                if row['backend'] == backend and row['size'][1] == width
            )
            for contender, style in {'d2lite': '-o', 'best': ':'}.items():
                found = [(n, epoch_seconds(row, contender, 'cpu')) for n, row in mine]
                found = [(n, seconds / n * 1e6) for n, seconds in found if seconds]
                if found:
                    label = f'{backend}, {contender}'
                    axes.loglog(
                        *zip(*found, strict=True),
                        style,
                        ms=4,
                        color=BACKENDS.get(backend),
                        label=label,
                    )
        alone = {}  # the same on every backend
        for row in rows:
            seconds = epoch_seconds(row, 'rows alone', 'cpu')
            if row['size'][1] == width and seconds:
                alone.setdefault(row['size'][0], []).append(seconds / row['size'][0] * 1e6)
        found = sorted((n, statistics.median(times)) for n, times in alone.items())
        if found:
            axes.loglog(*zip(*found, strict=True), '--', color='0.5', label='rows alone, NumPy')
        axes.set_title(f'{width:,} features', fontsize=9)
        axes.set_xlabel('examples')
        axes.yaxis.set_major_formatter('{x:g}')
        axes.xaxis.set_major_formatter(EngFormatter(sep=''))
        axes.grid(alpha=0.3)
        axes.spines[['top', 'right']].set_visible(False)
    panels[0].set_ylabel('µs of CPU time an example')
    figure.suptitle('How cost grows with W2', fontsize=10, x=0.01, ha='left')
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside right', fontsize=8, frameon=False)
