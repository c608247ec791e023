"""`python -m benchmarks.child TASK RESULT`: makes one measurement, in this process.

Both are JSON: the task is an argument, the result is written to a file.
"""

import json
import os
import sys

from benchmarks.contenders import contenders
from benchmarks.measure import first_fit, peak_memory, steady_state
from benchmarks.workloads import WORKLOADS, grown


def main(task, path):
    task = json.loads(task)
    everybody = contenders(task['backend'])
    workload = WORKLOADS.get(task['workload'])
    if 'size' in task:
        workload = grown(*task['size'])
    if task['kind'] == 'steady':
        factories = {name: everybody[name] for name in task['contenders'] if name in everybody}
        result = steady_state(factories, workload, task['rounds'])
    elif task['kind'] == 'first':
        result = first_fit(everybody[task['contender']], workload)
    else:
        small = grown(1000, task['size'][1])
        result = peak_memory(everybody[task['contender']], workload, small)
    result = {'result': result, 'threads': threads(task['backend'])}
    with open(path, 'w') as file:
        json.dump(result, file)


def threads(backend):
    """How many threads the framework computes with, as it says; they stay as they come."""
    if backend == 'pytorch':
        import torch

        return torch.get_num_threads()
    return int(os.environ.get('OMP_NUM_THREADS', len(os.sched_getaffinity(0))))


if __name__ == '__main__':
    main(*sys.argv[1:])
