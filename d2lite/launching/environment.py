"""What each engine reads from the environment, to find the processes that train together.

PyTorch      RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT, as torchrun sets them
JAX          JAX_COORDINATOR_ADDRESS; what else it has to know is in d2lite's own variables
TensorFlow   TF_CONFIG
MXNet        DMLC_PS_ROOT_URI, DMLC_PS_ROOT_PORT, DMLC_NODE_HOST
"""

import json
import os
import socket
import struct
from dataclasses import dataclass

from d2lite.training.distributed import RANK, SIZE

__all__ = ['Place', 'environment', 'free_ports', 'this_host']

FIRST_PORT = 29500  # on several machines, where nobody can ask for free ones


@dataclass(frozen=True)
class Place:
    """Where processes are started: `processes` in all, evenly on `hosts`, of which this is `host`.

    `ports`: of PyTorch, JAX and MXNet on the first host, then one of TensorFlow for each process of
    a host.
    """

    processes: int
    hosts: tuple[str, ...]
    host: int
    ports: tuple[int, ...]

    @property
    def ranks(self) -> range:
        """The ranks of the processes on this host."""
        here = self.processes // len(self.hosts)
        return range(self.host * here, (self.host + 1) * here)


def environment(place: Place, rank: int) -> dict[str, str]:
    """The variables of the process of a rank, beside those that it inherits."""
    first, own = place.hosts[0], place.hosts[place.host]
    pytorch, jax, mxnet, *tensorflow = map(str, place.ports)
    here = len(place.ranks)
    workers = [f'{host}:{port}' for host in place.hosts for port in tensorflow]
    task = {'type': 'worker', 'index': rank}
    found = {
        SIZE: str(place.processes),
        RANK: str(rank),
        'RANK': str(rank),
        'WORLD_SIZE': str(place.processes),
        'LOCAL_RANK': str(rank - place.ranks[0]),
        'LOCAL_WORLD_SIZE': str(here),
        'MASTER_ADDR': first,
        'MASTER_PORT': pytorch,
        'JAX_COORDINATOR_ADDRESS': f'{first}:{jax}',
        'TF_CONFIG': json.dumps({'cluster': {'worker': workers}, 'task': task}),
        'DMLC_PS_ROOT_URI': first,
        'DMLC_PS_ROOT_PORT': mxnet,
        'DMLC_NODE_HOST': own,
        # A warning of PyTorch, that no parameter is without a gradient.
        'TORCH_CPP_LOG_LEVEL': 'ERROR',
    }
    if interface := interface_of(own):  # else gloo takes that of the machine's name
        found['GLOO_SOCKET_IFNAME'] = interface
    if 'OMP_NUM_THREADS' not in os.environ:  # else each process has a thread for each core
        found['OMP_NUM_THREADS'] = str(max(1, (os.cpu_count() or 1) // here))
    if rank > 0:
        found['MPLBACKEND'] = 'agg'  # no windows but those of the first process
    return found


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of this machine that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(('127.0.0.1', 0))
        return tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()


def this_host(hosts: list[str]) -> int:
    """Which of the hosts this machine is. Raises ValueError if it is none, or several of them."""
    found = [index for index, host in enumerate(hosts) if _is_here(host)]
    if len(found) != 1:
        which = 'none' if not found else f'{len(found)}'
        raise ValueError(
            f'this machine is {which} of the hosts {", ".join(hosts)}: name the addresses or names '
            f'by which the machines reach each other, each once'
        )
    return found[0]


def interface_of(host: str) -> str | None:
    """The name of the network interface that has the address of a host; None if nobody knows."""
    try:
        import fcntl

        address = socket.gethostbyname(host)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _, name in socket.if_nameindex():
                request = struct.pack('256s', name.encode()[:15])
                try:
                    # SIOCGIFADDR of Linux; an interface may have no address.
                    answer = fcntl.ioctl(asking.fileno(), 0x8915, request)
                except OSError:
                    continue
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    except (ImportError, OSError):
        return None
    return None


def _is_here(host: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            address = socket.gethostbyname(host)
            asking.connect((address, 9))  # sends nothing, but finds where it would be sent from
        except OSError:
            return False
        return address.startswith('127.') or asking.getsockname()[0] == address
