"""Normal work on the private host: customers, colleagues, deployments, backups, new machines."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

from demo.recording.host import ADDRESS, CLIENTS, PASSWORD, USERS, recorded_lines, run

_PATHS = (
    ("/", 6),
    ("/search", 4),
    ("/products", 4),
    ("/cart", 3),
    ("/images/logo.png", 3),
    ("/login", 1),
    ("/favicon.ico", 1),  # Does not exist, which both proxy and web server remark on.
)
_NAMES = ("api", "cart", "search", "images", "mail")
_SSH = (
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
    *("-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5"),
)


class Work:
    """People and programs doing their usual things, one after the other, in random order.

    Parameters
    ----------
    seed
        Decides who does what when; the daemons' answers are their own.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._dice: tuple[tuple[Callable[[], None], int], ...] = (
            (self.browse, 10),
            (self.resolve, 8),
            (self.log_in, 4),
            (self.deploy, 3),
            (self.look_at_logs, 2),
            (self.back_up, 3),
            (self.fill_cache, 2),
            (self.transfer_file, 2),
            (self.mistype_password, 1),
            (self.lease_address, 1),
        )

    def until(self, lines: int, seconds: float) -> None:
        """Work until the recording holds `lines` lines, or `seconds` are over."""
        deadline = time.monotonic() + seconds
        tasks, weights = zip(*self._dice, strict=True)
        while recorded_lines() < lines and time.monotonic() < deadline:
            self._random.choices(tasks, weights)[0]()
            time.sleep(self._random.uniform(0.0, 0.3))

    def browse(self) -> None:
        """Fetch a few pages as a customer."""
        client = self._random.choice(CLIENTS)
        paths, weights = zip(*_PATHS, strict=True)
        for path in self._random.choices(paths, weights, k=self._random.randint(1, 4)):
            _fetch(client, path)

    def resolve(self) -> None:
        """Look up a name; now and then one that does not exist."""
        name = self._random.choice((*_NAMES, *_NAMES, "intranet"))
        for _ in range(self._random.randint(1, 2)):
            with contextlib.suppress(socket.gaierror):
                socket.getaddrinfo(f"{name}.shop.internal.", None, socket.AF_INET)

    def log_in(self) -> None:
        """Run a command over ssh with a key."""
        self._ssh(self._random.choice(USERS), "uptime")

    def deploy(self) -> None:
        """Reload the web servers over ssh, with sudo."""
        self._ssh("deploy", "sudo /usr/local/sbin/reload-web")

    def look_at_logs(self) -> None:
        """Read the log over ssh, with sudo."""
        self._ssh("alice", "sudo /usr/bin/journal-tail")

    def back_up(self) -> None:
        """Fetch the backup from the rsync daemon."""
        client = self._random.choice(CLIENTS)
        run("rsync", "-a", f"--address={client}", f"rsync://{ADDRESS}/backup/", "/srv/copy/")

    def fill_cache(self) -> None:
        """Write to redis through the proxy."""
        value = "x" * self._random.randint(500, 2000)
        for _ in range(self._random.randint(1, 2)):
            run("redis-cli", "-h", ADDRESS, "set", f"page{self._random.randint(1, 20)}", value)

    def transfer_file(self) -> None:
        """Copy a file over sftp."""
        client = self._random.choice(CLIENTS)
        source = f"bob@{ADDRESS}:/etc/hostname"
        run("scp", "-q", "-s", *_SSH, "-o", f"BindAddress={client}", source, "/srv/copied-hostname")

    def mistype_password(self) -> None:
        """Log in with a password, the second attempt being the right one."""
        client = self._random.choice(CLIENTS)
        for password in ("correct horse", PASSWORD):
            log_in_with_password("bob", password, client)

    def lease_address(self) -> None:
        """Ask for an address as a machine that was just switched on."""
        state = ("-lf", "/run/dhclient.leases", "-pf", "/run/dhclient.pid", "-sf", "/bin/true")
        for flag in (("-1",), ("-r",)):
            run("ip", "netns", "exec", "branch", "dhclient", *flag, *state, "eth0")
        Path("/run/dhclient.leases").unlink(missing_ok=True)

    def _ssh(self, user: str, command: str) -> None:
        client = self._random.choice(CLIENTS)
        run("ssh", "-n", *_SSH, "-b", client, f"{user}@{ADDRESS}", command)


def log_in_with_password(
    user: str, password: str, client: str, command: str = "true", text: str | None = None
) -> bool:
    """Log in over ssh with a password and run `command`; return whether that succeeded."""
    only = ("-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1")
    code = run(
        *("sshpass", "-p", password, "ssh", *_SSH, *only, "-b", client),
        *(f"{user}@{ADDRESS}", command),
        check=False,
        text=text,
    )
    return code == 0


def _fetch(client: str, path: str) -> None:
    # http.client would do, but only a bare socket chooses where it comes from in one line.
    with socket.create_connection((ADDRESS, 80), timeout=5, source_address=(client, 0)) as web:
        web.sendall(f"GET {path} HTTP/1.0\r\nHost: shop.internal\r\n\r\n".encode())
        while web.recv(4096):
            pass
