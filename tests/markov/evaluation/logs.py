from __future__ import annotations

import numpy as np

from exporter.markov.evaluation.log import Log

RECEIVED = 1_795_000_000.0


def log(*messages: str, host: str = "web1", program: str = "app[7]") -> Log:
    """Return a log with one line for each message."""
    return Log.of_lines(
        [
            f"Nov 12 00:{n // 60 % 60:02d}:{n % 60:02d} {host} {program}: {text}".encode()
            for n, text in enumerate(messages)
        ],
        RECEIVED,
    )


def random_log(lines: int, words: int, seed: int = 1, hosts: int = 1) -> Log:
    """Return a log of random messages of some hosts and two programs with process ids."""
    generator = np.random.default_rng(seed)
    texts = []
    for n in range(lines):
        word, host, program = generator.integers([words, hosts, 2])
        process = generator.integers(3) + 10 * (program + 1)
        letter = chr(ord("a") + int(word))
        texts.append(
            f"Nov 12 {n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d} web{host} "
            f"app{'xy'[program]}[{process}]: {letter * 3} {n}".encode()
        )
    return Log.of_lines(texts, RECEIVED)
