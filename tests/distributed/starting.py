"""Scripts as several processes, by the command line."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def start(script, *arguments, options=(), processes=2, **kwargs):
    """`d2lite launch` of a script, of this folder or elsewhere; the process of the launch."""
    command = [sys.executable, '-m', 'd2lite', 'launch', '--processes', str(processes), *options]
    command += [str(HERE / script), *map(str, arguments)]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    return subprocess.Popen(command, **pipes | kwargs)
