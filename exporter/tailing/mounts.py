"""Which file systems keep to themselves what other machines change in them."""

from __future__ import annotations

import os
from pathlib import PurePath

import psutil

_SILENT = frozenset(
    [
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs"),
        *("ceph", "glusterfs", "lustre", "gpfs", "beegfs"),
        *("9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs"),
        "fuse",
    ]
)
"""Of servers, of clusters, of the host of a virtual machine, and whatever a program makes up."""


def file_system(folder: str) -> str:
    """Return the type of the file system that a folder is on; empty if it is not known."""
    path = PurePath(os.path.realpath(folder))
    around = [
        (len(mounted.mountpoint), mounted.fstype)
        for mounted in psutil.disk_partitions(all=True)
        if path.is_relative_to(mounted.mountpoint)
    ]
    # Of several mounted at one place the last one is seen.
    return max(reversed(around), key=lambda one: one[0], default=(0, ""))[1]


def silent(kind: str) -> bool:
    """Return whether changes may go unreported: those on a server, or on the host of a guest.

    >>> silent("nfs4"), silent("fuse.sshfs"), silent("ext4")
    (True, True, False)
    """
    return kind in _SILENT or kind.startswith("fuse.")
