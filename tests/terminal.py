"""What a command writes to a terminal."""

import os
import pty
import subprocess


def on_a_terminal(command, stderr=None):
    """The exit code, and the text that `command` writes to a terminal; `stderr='too'` with that."""
    parent, child = pty.openpty()
    process = subprocess.Popen(command, stdout=child, stderr=child if stderr == 'too' else None)
    os.close(child)
    text = b''
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(parent)
    return process.wait(60), text.decode().replace('\r\n', '\n')
