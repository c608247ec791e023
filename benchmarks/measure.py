"""The measurements, each made in a process of its own.

Steady state. All contenders of a cell live in one process and take turns, in another order each
round, so that a busy minute of the machine falls on all of them. A turn is a fit of as many epochs
as take about a fifth of a second, after all have been warmed up; what counts is the mean of its
epochs, in CPU time (of all threads) and in wall time. A ratio is the median over the rounds of the
ratios within a round: the two were measured side by side, so what the machine did then cancels
out, and the median leaves out the round in which it did something to one of them only. It needs
not be the ratio of the medians. Garbage collection stays as it is.

First fit. A fresh process for each contender, from the arrays in NumPy, everything being imported,
to the end of the first fit: building the model, compiling, and the epochs of the workload. The
shortest of three, since everything else that runs can only make it longer.
"""

import statistics
import time

__all__ = ['epoch_seconds', 'first_fit', 'peak_memory', 'ratio', 'steady_state']


def steady_state(factories, workload, rounds=7, seconds=0.2):
    """By contender: seconds of an epoch in each round, 'cpu' and 'wall', or its 'problem'."""
    found, parties = {}, {}
    for name, factory in factories.items():
        try:
            party = factory(workload, workload.data(), workload.parameters())
            parties[name] = party, _warm_up(party, seconds)
            found[name] = {'epochs': parties[name][1], 'cpu': [], 'wall': []}
        except Exception as error:  # that one cannot take part; the others can
            found[name] = {'problem': f'{type(error).__name__}: {error}'.split('\n')[0]}
    names = list(parties)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            party, num_epochs = parties[name]
            cpu, wall = _turn(party, num_epochs)
            found[name]['cpu'].append(cpu)
            found[name]['wall'].append(wall)
    return found


def _warm_up(party, seconds):
    """Trains until nothing is compiled any more; returns how many epochs fill a turn."""
    _, epoch = _turn(party, 1)
    while epoch < 1:
        # The second time without compiling; then as often as tells how long an epoch is.
        num_epochs = max(2, min(300, round(seconds / epoch / 4)))
        _, again = _turn(party, num_epochs)
        settled = again > 0.7 * epoch
        epoch = again
        if settled:
            break
    return max(1, min(500, round(seconds / epoch)))


def _turn(party, num_epochs):
    """CPU and wall seconds of one epoch, the mean of `num_epochs` of them."""
    stamps = []
    party.fit(
        party.untimed_epochs + num_epochs,
        lambda: stamps.append((time.process_time(), time.perf_counter())),
    )
    (cpu, wall), (cpu_end, wall_end) = stamps[-1 - num_epochs], stamps[-1]
    return (cpu_end - cpu) / num_epochs, (wall_end - wall) / num_epochs


def epoch_seconds(row, contender, clock):
    """The median over the rounds, or None."""
    times = row['result'].get(contender, {}).get(clock)
    return statistics.median(times) if times else None


def ratio(row, one, other, clock):
    """The median of the ratios within a round, or None if one of them took no part."""
    times = [row['result'].get(name, {}).get(clock) for name in (one, other)]
    if not all(times):
        return None
    return statistics.median(a / b for a, b in zip(*times, strict=True))


def first_fit(factory, workload):
    """Wall and CPU seconds of the first fit in this process."""
    data, parameters = workload.data(), workload.parameters()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        party = factory(workload, data, parameters)
        party.fit(workload.epochs)
    except Exception as error:
        return {'problem': f'{type(error).__name__}: {error}'.split('\n')[0]}
    return {'cpu': time.process_time() - cpu, 'wall': time.perf_counter() - wall}


def peak_memory(factory, workload, small_workload):
    """Bytes of the training data, and the most that training takes, they included.

    Counted from what the process takes after it has trained `small_workload`, so that libraries
    and compiled code are not counted. The NumPy arrays are gone by then unless they are kept.
    """
    small = factory(small_workload, small_workload.data(), small_workload.parameters())
    small.fit(2)
    before = _resident_bytes('VmRSS')
    data, parameters = workload.data(), workload.parameters()
    num_bytes = data.X.nbytes + data.y.nbytes
    party = factory(workload, data, parameters)
    del data
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')  # the high-water mark starts anew
    party.fit(2)
    return {'data': num_bytes, 'peak': _resident_bytes('VmHWM') - before}


def _resident_bytes(field):
    with open('/proc/self/status') as file:
        for line in file:
            if line.startswith(field + ':'):
                return int(line.split()[1]) * 1024
    raise OSError(f'/proc/self/status has no {field}')
