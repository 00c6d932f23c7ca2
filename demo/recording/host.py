"""The private host: its addresses, accounts, files and daemons."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from demo.recording.sandbox import HOST, RECORDING

ADDRESS = "10.20.0.1"
CLIENTS = tuple(f"10.20.0.{number}" for number in range(11, 17))
"""From where colleagues and customers connect."""
ATTACKER = "198.51.100.23"
"""From where the incident comes: an address that RFC 5737 reserves for documentation."""
USERS = ("deploy", "alice", "bob")
PASSWORD = "correct horse battery staple"  # noqa: S105 Of accounts that live for minutes.
GUESSED = ("backup", "backup123")
"""An account with a password that a dictionary holds."""
LOG = Path(RECORDING) / "syslog.log"
DATA = Path("/srv/data")
"""A file system of 6 MiB, small enough to be filled."""

_CONFIGURATION = Path(__file__).parent / "etc"
_PAGES = ("index.html", "cart", "search", "products", "orders", "login", "images/logo.png")
_SCRIPTS = {
    "/usr/local/bin/collect-metrics": "cat /proc/loadavg >/run/metrics",
    "/usr/local/bin/rotate-thumbnails": "find /srv/www -name '*.thumb' -delete",
    "/usr/local/bin/sync-catalogue": "true",
    "/usr/local/bin/report-stock": "true",
    "/usr/local/sbin/reload-web": 'kill -HUP "$(cat /run/nginx.pid)"',
    "/usr/local/sbin/flush-cache": "redis-cli flushdb >/dev/null",
    "/usr/bin/journal-tail": "tail -n 3 /srv/recording/syslog.log >/dev/null",
}


def run(*command: str, check: bool = True, text: str | None = None) -> int:
    """Run a program quietly; return its exit code.

    Raises
    ------
    RuntimeError
        It failed, and `check` is set; the message holds its standard error.
    """
    # A file, since a daemon that inherits a pipe would keep it open for ever.
    with tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(
            command,
            check=False,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
        )
        if check and done.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {errors.read()}")
    return done.returncode


def make() -> None:
    """Give the sandbox a name, a network, accounts, content and configuration."""
    socket.sethostname(HOST)
    run("mount", "-t", "proc", "proc", "/proc")
    Path("/dev/pts").mkdir()
    run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", "/dev/pts")
    Path("/dev/ptmx").symlink_to("pts/ptmx")
    _network()
    _accounts()
    for name in ("rsyslog.conf", "dnsmasq.conf", "haproxy.cfg", "redis.conf", "rsyncd.conf"):
        shutil.copyfile(_CONFIGURATION / name, Path("/etc") / name)
    shutil.copyfile(_CONFIGURATION / "hosts.shop", "/etc/hosts.shop")
    shutil.copyfile(_CONFIGURATION / "nginx.conf", "/etc/nginx/nginx.conf")
    shutil.copyfile(_CONFIGURATION / "sshd_config", "/etc/ssh/sshd_config")
    _private(_CONFIGURATION / "monitrc", Path("/etc/monitrc"), 0o600)
    _private(_CONFIGURATION / "crontab", Path("/etc/crontab"), 0o644)
    for left_over in Path("/etc/cron.d").iterdir():
        left_over.unlink()
    _private(_CONFIGURATION / "sudoers.shop", Path("/etc/sudoers.d/shop"), 0o440)
    for name, body in _SCRIPTS.items():
        path = Path(name)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
    _content()


def start() -> None:
    """Start the daemons, in an order in which each finds what it needs.

    Raises
    ------
    TimeoutError
        One did not come up.
    """
    Path("/run/sshd").mkdir(exist_ok=True)
    run("rsyslogd", "-f", "/etc/rsyslog.conf", "-i", "/run/rsyslogd.pid")
    _until(lambda: Path("/dev/log").exists(), "rsyslogd")
    run("/usr/sbin/sshd")
    run("cron")
    run("dnsmasq", "-C", "/etc/dnsmasq.conf")
    run("nginx")
    run("redis-server", "/etc/redis.conf")
    _until(lambda: run("redis-cli", "ping", check=False) == 0, "redis")
    run("haproxy", "-D", "-f", "/etc/haproxy.cfg")
    run("rsync", "--daemon", "--config=/etc/rsyncd.conf")
    run("monit", "-c", "/etc/monitrc")
    _until(lambda: _accepts(80) and _accepts(22), "haproxy and sshd")


def recorded_lines() -> int:
    """Return how many lines rsyslogd has written so far."""
    return LOG.read_bytes().count(b"\n")


def take(name: str) -> None:
    """Save what was recorded since the last call under `name`, and go on with an empty file."""
    LOG.rename(LOG.with_name(name))
    run("pkill", "-HUP", "-F", "/run/rsyslogd.pid")
    _until(LOG.exists, "a new log file")


def _network() -> None:
    run("ip", "link", "set", "lo", "up")
    for address in (ADDRESS, *CLIENTS):
        run("ip", "address", "add", f"{address}/24", "dev", "lo")
    run("ip", "address", "add", f"{ATTACKER}/32", "dev", "lo")
    # The far end of this cable is another network, where a machine asks for an address by DHCP.
    Path("/run/netns").mkdir(exist_ok=True)
    run("ip", "netns", "add", "branch")
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", "branch")
    run("ip", "address", "add", "10.20.1.1/24", "dev", "lan0")
    run("ip", "link", "set", "lan0", "address", "02:00:00:00:00:01", "up")
    run("ip", "-n", "branch", "link", "set", "eth0", "address", "02:00:00:00:00:11", "up")
    _replace("/etc/hosts", f"127.0.0.1 localhost\n{ADDRESS} {HOST}\n")
    _replace("/etc/resolv.conf", "nameserver 127.0.0.1\nsearch shop.internal\n")
    _replace("/etc/hostname", f"{HOST}\n")


def _accounts() -> None:
    key = Path("/root/.ssh/id_ed25519")
    key.parent.mkdir(mode=0o700, exist_ok=True)
    key.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "shop", "-f", str(key))
    run("ssh-keygen", "-A")
    for user in USERS:
        run("useradd", "--create-home", "--shell", "/bin/sh", user)
        run("chpasswd", text=f"{user}:{PASSWORD}\n")
        directory = Path(f"/home/{user}/.ssh")
        directory.mkdir(mode=0o700)
        shutil.copyfile(key.with_suffix(".pub"), directory / "authorized_keys")
        run("chown", "-R", f"{user}:{user}", str(directory))
    run("chpasswd", text=":".join(GUESSED) + "\n")
    run("usermod", "--shell", "/bin/sh", GUESSED[0])


def _content() -> None:
    for page in _PAGES:
        path = Path("/srv/www") / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<h1>{page}</h1>\n", encoding="utf-8")
    DATA.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(DATA))
    for directory in (DATA / "redis", DATA / "uploads", Path("/srv/backup"), Path(RECORDING)):
        directory.mkdir()
    for name in ("catalogue.csv", "orders.csv", "stock.csv"):
        (Path("/srv/backup") / name).write_text("id,value\n1,2\n" * 40, encoding="utf-8")


def _private(source: Path, target: Path, mode: int) -> None:
    shutil.copyfile(source, target)
    target.chmod(mode)


def _replace(path: str, text: str) -> None:
    # A symbolic link here would lead to a file of the system below.
    Path(path).unlink(missing_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((ADDRESS, port), timeout=1):
            return True
    except OSError:
        return False


def _until(ready: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up within {seconds:g} s")
        time.sleep(0.05)
