"""A throw-away host: own root file system, network, processes and name, all gone afterwards.

The running system is the read-only lower layer of an overlay whose upper layer is memory, so that
packages, accounts and configuration files are made for the recording and nothing of it stays.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "cron",
    "dnsmasq-base",
    "haproxy",
    "iproute2",
    "isc-dhcp-client",
    "monit",
    "nginx-light",
    "openssh-client",
    "openssh-server",
    "redis-server",
    "redis-tools",
    "rsync",
    "rsyslog",
    "sshpass",
    "sudo",
)
HOST = "edge1"
RECORDING = "/srv/recording"
"""Where the recording lies inside the sandbox."""

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "DEBIAN_FRONTEND": "noninteractive",
}


def in_private_mounts(module: str, *arguments: str) -> None:
    """Run ``python -m module arguments…`` where mounts are seen by nobody else.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; its messages are on standard error.
    """
    subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "--fork"),
            *(sys.executable, "-m", module, *arguments),
        ],
        check=True,
    )


def build(directory: Path) -> Path:
    """Mount the private root below `directory` and install the daemons in it.

    Must run inside :func:`in_private_mounts`.

    Returns
    -------
    Path
        The new root directory.
    """
    _mount("-t", "tmpfs", "-o", "size=3g", "tmpfs", str(directory))
    upper, work, root = (directory / name for name in ("upper", "work", "root"))
    for path in (upper, work, root):
        path.mkdir()
    layers = f"lowerdir=/,upperdir={upper},workdir={work}"
    _mount("-t", "overlay", "-o", layers, "overlay", str(root))
    for name in ("dev", "run", "tmp"):
        _mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(root / name))
    (root / "tmp").chmod(0o1777)
    for name in _DEVICES:
        (root / "dev" / name).touch()
        _mount("--bind", f"/dev/{name}", str(root / "dev" / name))
    _install(root)
    return root


def run_inside(root: Path, module: str, *arguments: str) -> None:
    """Run ``python -m module arguments…`` as the first process of the private host.

    When it ends, the kernel ends every process it has started.
    """
    project = Path(__file__).parents[2]
    subprocess.run(
        ["unshare", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]
        + ["chroot", str(root), "env", "-i"]
        + [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        + [f"PYTHONPATH={project}"]
        # The first process of a host must wait for orphans, which bash does and Python does not.
        + ["bash", "-c", '"$@"; exit "$?"', "init", sys.executable, "-m", module, *arguments],
        check=True,
    )


def take_recording(root: Path, output: Path) -> None:
    """Copy what was recorded out of the sandbox."""
    for path in sorted((root / RECORDING.lstrip("/")).iterdir()):
        shutil.copyfile(path, output / path.name)


def _install(root: Path) -> None:
    # Inside a chroot this keeps every package from starting its service.
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    _mount("-t", "proc", "proc", str(root / "proc"))
    environment = os.environ | _ENVIRONMENT
    quiet = ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confold"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        subprocess.run(
            ["chroot", str(root), "apt-get", *quiet, *command],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
    subprocess.run(["umount", str(root / "proc")], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
