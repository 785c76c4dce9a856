"""A Ray cluster as a run joins it: the way to it, its nodes, and what is said where that does not work out."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import ray

from pipeline.errors import UserError

_PATIENCE_SECONDS = 10  # to connect; Ray itself would try for minutes

# What every HTTP/2 client begins with, and an empty SETTINGS frame. A Ray head speaks gRPC, so it answers with such a frame.
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


class Node(NamedTuple):
    """A live node of the cluster that has CPUs."""

    id: str
    address: str
    cpus: int
    memory: int  # bytes that tasks may ask for


def join(address: str | None) -> bool:
    """Makes this process a driver of the cluster; False if it was one before. Raises UserError."""
    if ray.is_initialized():
        known = ray.get_runtime_context().gcs_address
        if address not in (None, known):
            raise UserError(
                f"engine: this process belongs to the Ray cluster at {known} already; leave out the address {address}"
            )
        return False
    address = address or os.environ.get("RAY_ADDRESS")
    if address is not None:
        _check_address(address)
    try:
        with _handlers_kept():
            ray.init(address or "auto", log_to_driver=False, configure_logging=False, logging_level=logging.WARNING)
    except ConnectionError:
        raise UserError(
            "engine: this machine belongs to no Ray cluster, and RAY_ADDRESS names none; name one with --address host:port"
        ) from None
    except (RuntimeError, ValueError, ray.exceptions.AuthenticationError) as error:
        raise UserError(f"engine: the Ray cluster cannot be joined: {' '.join(str(error).split())}") from None
    return True


def nodes() -> list[Node]:
    """The nodes that can take tasks, by address."""
    found = []
    for node in ray.nodes():
        has = node["Resources"]
        if node["Alive"] and has.get("CPU"):
            found.append(Node(node["NodeID"], node["NodeManagerAddress"], int(has["CPU"]), int(has.get("memory", 0))))
    return sorted(found, key=lambda node: node.address)


def check_room(task_memory: int) -> None:
    """Raises UserError when no node could ever take a task."""
    found = nodes()
    if not found:
        raise UserError("engine: no node of the Ray cluster has a CPU; add nodes, and start again")
    most = max(node.memory for node in found)
    if most < task_memory:
        raise UserError(
            f"engine: a task asks for {task_memory} bytes of memory, and no node of the Ray cluster has more than {most}; "
            "set engine.max_memory lower, or add larger nodes"
        )


def _check_address(address: str) -> None:
    """Raises UserError unless a Ray head seems to be there."""
    host, colon, port = address.rpartition(":")
    if "://" in address or not (colon and host and port.isdigit()):
        raise UserError(f"engine.address: found {address!r}; expected host:port of the head node, such as 10.0.0.5:6379")
    try:
        with socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS", "0") == "1":
                return
            connection.sendall(_HELLO)
            answer = connection.recv(9)
    except OSError as error:
        raise UserError(f"engine: no Ray cluster at {address} ({error}); start one, or name another with --address") from None
    if answer[3:4] != b"\x04":
        raise UserError(f"engine: no Ray cluster at {address} (something else answers there); name another with --address")


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Ray sets a handler of its own for SIGTERM; a run has one already, that says how to go on."""
    before: Any = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        with suppress(ValueError):  # not in the main thread: Ray could not set its own there either
            signal.signal(signal.SIGTERM, before)
