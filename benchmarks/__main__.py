"""`python -m benchmarks`: how fast d2lite trains, against loops written by hand.

Side by side on every backend: d2lite; the plain loop of the framework's own tutorial; and the best
loop that we know. Without an option it measures the steady state, first fits and peak memory; the
options below choose instead.
"""

import argparse
from pathlib import Path

from benchmarks import figure, report, sections
from benchmarks.workloads import WORKLOADS
from d2lite import selection


def main(arguments=None):
    options = parser().parse_args(arguments)
    backends = [selection.canonical_name(name) for name in options.backends or []]
    backends = backends or selection.available()
    for backend in backends:
        selection.require(backend)
    chosen = [name for name in sections.SECTIONS if getattr(options, name)]
    if options.all:
        chosen = list(sections.SECTIONS)
    elif not chosen:
        chosen = ['steady', 'first', 'memory']
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    results = sections.measure(chosen, backends, options)
    report.save(results, folder / 'bench.json')
    report.show(results)
    for suffix in ('svg', 'png'):
        figure.draw(results).savefig(folder / f'bench.{suffix}', dpi=200)


def parser():
    made = argparse.ArgumentParser(
        prog='python -m benchmarks',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument('--backends', nargs='+', help='by default all that are installed')
    made.add_argument('--workloads', nargs='+', choices=list(WORKLOADS), default=list(WORKLOADS))
    made.add_argument('--contenders', nargs='+', help='by default all that there are')
    made.add_argument('--rounds', type=int, default=7, help='turns of each contender (7)')
    made.add_argument('--output', default='build', help='folder of bench.json, .svg and .png')
    made.add_argument('--all', action='store_true', help='measures everything below')
    for name, section in sections.SECTIONS.items():
        made.add_argument(f'--{name}', action='store_true', help=section.__doc__.split('\n')[0])
    return made


if __name__ == '__main__':
    main()
