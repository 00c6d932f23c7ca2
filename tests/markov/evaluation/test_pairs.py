from __future__ import annotations

from collections import Counter
from itertools import pairwise

from exporter.markov.evaluation.pairs import Part, Similarity, pairs, similarity
from tests.markov.evaluation.logs import log

LOG = log("a", "b")
PARTS = [
    Part(f"{system}-{host}-{period}", system, host, LOG)
    for system in ("web", "hpc")
    for host in ("1", "2")
    for period in range(3)
]


def test_the_four_classes():
    """From the most alike to the least."""
    assert [similarity(PARTS[0], PARTS[n]) for n in (0, 1, 3, 6)] == list(Similarity)


def test_each_part_is_tested_in_each_class():
    """With as many training logs as asked for, or as there are."""
    found = pairs(PARTS, 2, seed=1)
    assert Counter((pair.test.name, pair.similarity) for pair in found) == {
        (part.name, kind): 1 if kind is Similarity.SAME else 2
        for part in PARTS
        for kind in Similarity
    }
    assert len({(pair.train.name, pair.test.name) for pair in found}) == len(found)
    assert all(pair.similarity is similarity(pair.train, pair.test) for pair in found)


def test_pairs_of_one_training_log_are_together_and_a_seed_gives_the_same():
    """A model is then trained once."""
    found = pairs(PARTS, 2, seed=1)
    names = [pair.train.name for pair in found]
    assert sum(a != b for a, b in pairwise(names)) == len(set(names)) - 1
    assert found == pairs(PARTS, 2, seed=1) != pairs(PARTS, 2, seed=2)
