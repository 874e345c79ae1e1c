"""The facts of a real machine: this one, and ones made of files as the kernel writes them."""

import os
import resource
import socket
import sys
from pathlib import Path

from triplepoint.doctor.machine import ThisMachine


def test_this_machine() -> None:
    """This machine's facts are such as a machine has."""
    machine = ThisMachine()
    assert machine.python_version() == sys.version_info[:3]
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    assert (machine.available_memory_bytes() or 0) > 2**20
    assert machine.free_disk_bytes(Path("/")) > 0
    assert machine.open_files_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert machine.architecture() == os.uname().machine


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """Free space is told of where a folder would be."""
    assert ThisMachine().free_disk_bytes(tmp_path / "a" / "b") > 0


def test_kernel_files(tmp_path: Path) -> None:
    """Processor features and free memory are read as the kernel writes them."""
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: x\nflags\t\t: fpu avx2 fma\n")
    (tmp_path / "meminfo").write_text("MemTotal: 100 kB\nMemAvailable:    2048 kB\n")
    machine = ThisMachine(tmp_path)
    assert machine.cpu_flags() == {"fpu", "avx2", "fma"}
    assert machine.available_memory_bytes() == 2 * 2**20


def test_silent_kernel(tmp_path: Path) -> None:
    """A machine that tells nothing gives nothing, not a guess."""
    machine = ThisMachine(tmp_path)
    assert machine.cpu_flags() is None
    assert machine.available_memory_bytes() is None
    assert machine.listener(80) is None


def test_ports() -> None:
    """A port that a process listens on cannot be listened on, accepts, and is traced to that process; a free one is free."""
    machine = ThisMachine()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not machine.can_listen("127.0.0.1", port)
        assert machine.can_connect("127.0.0.1", port)
        holder = machine.listener(port)
        assert holder is not None
        assert holder.endswith(f"(pid {os.getpid()})")
    assert machine.can_listen("127.0.0.1", port)
    assert not machine.can_connect("127.0.0.1", port)
    assert machine.listener(port) is None


def test_ports_of_version_6() -> None:
    """A port on the other loopback is found as well."""
    with socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen()
        assert not ThisMachine().can_listen("::1", server.getsockname()[1])
        assert ThisMachine().listener(server.getsockname()[1]) is not None


def test_imports() -> None:
    """A module is there or not; one that cannot be imported says why, without harm to this process."""
    machine = ThisMachine()
    assert machine.is_installed("json")
    assert not machine.is_installed("no_such_module_anywhere")
    assert machine.import_fault("json") is None
    assert machine.import_fault("no_such_module_anywhere") == "ModuleNotFoundError: No module named 'no_such_module_anywhere'"


def test_import_that_kills() -> None:
    """A module whose import kills the process is told by its signal."""
    assert ThisMachine().import_fault("os; os.kill(os.getpid(), 4)") == "the import died of signal 4"
