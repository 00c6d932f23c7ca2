from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.drift.binning import count, quantile_edges
from exporter.drift.columns import CategoricalColumn, Moments, NumericColumn
from exporter.drift.sequential.band import SETS, Band
from exporter.drift.sequential.evidence import BLOCK, BandEvidence, threshold_log10
from exporter.storage import encoding

ALPHA = 0.01
NOTHING = Moments(None, None, None, None)


def reference(values):
    """Profile values at their deciles."""
    ordered = np.sort(values)
    edges = quantile_edges(ordered, 10)
    return NumericColumn("x", len(values), 0, edges, count(ordered, edges), NOTHING, ordered)


def columns(random, number, m=10_000):
    """Return fresh references of normal values."""
    return [reference(random.normal(size=m)) for _ in range(number)]


def evidence_of(profiles, **options):
    """Return a fresh detector of alpha .01."""
    return BandEvidence(
        [Band.of(profile, ALPHA / 2) for profile in profiles], peaks=True, **options
    )


def cells_of(profiles, values):
    """Return the cell of each value, int64[n, columns]."""
    return np.column_stack(
        [profile.assign(values[:, column]) for column, profile in enumerate(profiles)]
    )


def test_the_evidence_of_one_block_by_hand():
    """E = C(100) + the mean over 72 bets of (1 - C(100)) L."""
    (profile,) = profiles = columns(np.random.default_rng(0), 1)
    band = Band.of(profile, ALPHA / 2)
    values = np.random.default_rng(1).normal(0.5, 1, (BLOCK, 1))
    found = evidence_of(profiles)
    found.add(cells_of(profiles, values).T)
    reserve = 1 / (1 + np.log(2))
    bets = []
    for position in range(SETS):
        s = int(band.members[profile.assign(values[:, 0]), position].sum())
        for p, sign in ((band.upper[position], 1), (band.lower[position], -1)):
            for theta in (0.1, 0.25, 0.5, 1.0):
                odds = p / (1 - p) * np.exp(sign * theta)
                q = odds / (1 + odds)
                bets.append((1 - reserve) * (q / p) ** s * ((1 - q) / (1 - p)) ** (BLOCK - s))
    assert found.log10[0] == pytest.approx(np.log10(reserve + np.mean(bets)), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_batches_make_no_difference(seed, cuts, one_by_one):
    """To the last bit, with missing values, and through a restart in between."""
    random = np.random.default_rng(seed)
    profiles = [
        *columns(random, 2, m=1_000),
        CategoricalColumn("c", 100, 0, ("a", "b"), np.array([60, 30, 10])),
    ]
    cells = np.column_stack(
        (cells_of(profiles[:2], random.normal(0.3, 1, (400, 2))), random.integers(0, 3, 400))
    )
    cells[random.random((400, 3)) < 0.2] = -1
    whole = evidence_of(profiles)
    whole.add(cells.T)
    parts = evidence_of(profiles)
    borders = range(401) if one_by_one else sorted([0, *cuts, 400])
    for start, end in itertools.pairwise(borders):
        parts.add(cells[start:end].T)
    for name, array in whole.dump().items():
        assert parts.dump()[name].tobytes() == array.tobytes()
    assert parts.values.tolist() == (cells >= 0).sum(axis=0).tolist()
    restored = evidence_of(profiles)
    restored.load(encoding.decode(encoding.encode(parts.dump())))
    for one in (whole, restored):
        one.add(cells[:120].T)
    assert whole.log10.tobytes() == restored.log10.tobytes()
    assert whole.peak_log10.tobytes() == restored.peak_log10.tobytes()


def test_columns_do_not_touch_each_other():
    """Three at once are three alone."""
    random = np.random.default_rng(4)
    profiles = columns(random, 3)
    cells = cells_of(profiles, random.normal(0.1, 1, (1_000, 3)))
    together = evidence_of(profiles)
    together.add(cells.T)
    for column, profile in enumerate(profiles):
        alone = evidence_of([profile])
        alone.add(cells[:, [column]].T)
        assert alone.log10[0] == together.log10[column]


def test_the_state_of_other_columns_is_refused():
    """Rather than taken for that of these."""
    random = np.random.default_rng(5)
    with pytest.raises(ValueError, match="blocks"):
        evidence_of(columns(random, 2)).load(evidence_of(columns(random, 1)).dump())


def test_each_bet_is_fair_at_the_ends_of_the_band():
    """The mean of E over all numbers of records that can fall into a set is then at most 1."""
    from scipy.stats import binom  # noqa: PLC0415

    (profile,) = columns(np.random.default_rng(6), 1)
    band = Band.of(profile, ALPHA / 2)
    detector = evidence_of([profile])
    s = np.arange(BLOCK + 1)
    for position in range(SETS):
        logs = s[:, None] * detector._slope[0, :, position] + detector._intercept[0, :, position]
        for probability in np.linspace(band.lower[position], band.upper[position], 5):
            means = binom.pmf(s, BLOCK, probability) @ np.exp(logs)
            assert (means <= 1 + 1e-12).all()
        # Bets on the upper end are exactly fair there, bets on the lower end at the other.
        assert (binom.pmf(s, BLOCK, band.upper[position]) @ np.exp(logs))[:4] == pytest.approx(1)
        assert (binom.pmf(s, BLOCK, band.lower[position]) @ np.exp(logs))[4:] == pytest.approx(1)


def test_without_drift_nothing_alarms():
    """Forty fresh references, 20,000 records each; the benchmark takes a thousand."""
    random = np.random.default_rng(7)
    profiles = columns(random, 40)
    detector = evidence_of(profiles)
    for _ in range(20):
        detector.add(cells_of(profiles, random.normal(size=(1_000, 40))).T)
    assert (detector.peak_log10 < threshold_log10(ALPHA)).all()


@pytest.mark.parametrize(("shift", "most"), [(0.2, 2_500), (0.5, 400)])
def test_a_shift_is_found_in_time(shift, most):
    """Median delay over 20 references after 25,000 clean records."""
    random = np.random.default_rng(8)
    profiles = columns(random, 20)
    detector = evidence_of(profiles)
    for _ in range(25):
        detector.add(cells_of(profiles, random.normal(size=(1_000, 20))).T)
    assert (detector.peak_log10 < threshold_log10(ALPHA)).all()
    for _ in range(most // 50):
        detector.add(cells_of(profiles, random.normal(shift, 1, (50, 20))).T)
    assert (detector.peak_log10 >= threshold_log10(ALPHA)).mean() > 0.5


def test_autocorrelated_traffic_is_discounted():
    """Each record ten times over would be certain drift; with tau it is none."""
    random = np.random.default_rng(9)
    profiles = columns(random, 10)
    taus = np.full(10, 10.0)
    plain, discounted = evidence_of(profiles), evidence_of(profiles, taus=taus)
    for _ in range(20):
        cells = cells_of(profiles, np.repeat(random.normal(size=(200, 10)), 10, axis=0))
        plain.add(cells.T)
        discounted.add(cells.T)
    assert (plain.peak_log10 >= threshold_log10(ALPHA)).any()
    assert (discounted.peak_log10 < threshold_log10(ALPHA)).all()


def test_categories_that_move_are_found_and_others_are_not():
    """A tenth of the traffic in another category."""
    random = np.random.default_rng(10)
    profiles = [CategoricalColumn("x", 10_000, 0, ("a", "b"), np.array([6_000, 3_000, 1_000]))] * 2
    detector = evidence_of(profiles)
    still = random.choice(3, 3_000, p=[0.6, 0.3, 0.1])
    moved = random.choice(3, 3_000, p=[0.5, 0.4, 0.1])
    detector.add(np.column_stack((still, moved)).T)
    assert (detector.peak_log10 >= threshold_log10(ALPHA)).tolist() == [False, True]


@pytest.mark.parametrize("value", [2.4, 2.6])
def test_a_constant_that_changes_is_found(value):
    """Below and above, while the constant itself is no drift for ever."""
    profiles = [reference(np.full(1_000, 2.5))] * 2
    detector = evidence_of(profiles)
    detector.add(
        cells_of(profiles, np.column_stack((np.full(2_000, 2.5), np.full(2_000, value)))).T
    )
    assert (detector.peak_log10 >= threshold_log10(ALPHA)).tolist() == [False, True]


def test_evidence_stays_finite_and_falls_when_the_drift_is_over():
    """A million drifting records, then as many clean ones."""
    profiles = columns(np.random.default_rng(11), 1, m=1_000)
    detector = evidence_of(profiles)
    detector.add(np.full((200_000, 1), 9, dtype=np.int64).T)
    highest = detector.log10[0]
    assert 100 < highest < 300
    random = np.random.default_rng(12)
    for _ in range(20):
        detector.add(cells_of(profiles, random.normal(size=(1_000, 1))).T)
    assert detector.log10[0] < highest - 1
    assert detector.peak_log10[0] == highest


def test_columns_without_a_reference_stay_at_one():
    """Nothing is known, and nothing is claimed."""
    profiles = [reference(np.empty(0))]
    detector = evidence_of(profiles)
    detector.add(np.zeros((500, 1), dtype=np.int64).T)
    assert detector.log10[0] == pytest.approx(0.0, abs=1e-12)
