"""Histograms of the lessons."""

from collections.abc import Sequence

from d2lite.plotting.figures import set_figsize
from d2lite.plotting.live import new_axes


def show_list_len_pair_hist(
    legend: Sequence[str], xlabel: str, ylabel: str, xlist: Sequence, ylist: Sequence
) -> None:
    """Draws two histograms in one picture: the lengths of the lists in `xlist` and in `ylist`.

    `legend`: two names. Definition: d2l, section "Machine Translation and the Dataset".
    """
    set_figsize()
    axes = new_axes()
    axes.hist([[len(each) for each in lists] for lists in (xlist, ylist)], label=legend)
    for patch in axes.containers[1]:
        patch.set_hatch('/')
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend()
