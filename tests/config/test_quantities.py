from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.quantities import duration_seconds, size_bytes, window
from exporter.windows import Window


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1ms", 0.001),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5_400.0),
        ("7d", 604_800.0),
        ("1w", 604_800.0),
        ("1y", 31_536_000.0),
        ("1h0m5s", 3_605.0),
    ],
)
def test_durations(text, seconds):
    """As Prometheus writes them."""
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("value", ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "5m ", None, [], True])
def test_what_is_no_duration(value):
    """The message says how one looks."""
    with pytest.raises(ValueError, match="is no duration; expected for example 30s, 5m, 1h30m, 7d"):
        duration_seconds(value)


@pytest.mark.parametrize("value", [0, 300, 1.5])
def test_a_bare_number_has_no_unit(value):
    """Seconds, minutes or milliseconds: nobody knows."""
    with pytest.raises(ValueError, match=f"^a duration needs a unit, for example {value}s$"):
        duration_seconds(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (1, 1),
        ("1", 1),
        ("10B", 10),
        ("1kB", 1_000),
        ("1KiB", 1_024),
        ("1.5 MiB", 1_572_864),
        ("2MB", 2_000_000),
        ("1GiB", 1 << 30),
        ("1GB", 10**9),
    ],
)
def test_sizes(value, size):
    """Powers of 10 and of 2; a bare number is bytes."""
    assert size_bytes(value) == size


@pytest.mark.parametrize("value", ["", "GiB", "1G", "1gib", "-1", -1, True, None, "1 GiB x"])
def test_what_is_no_size(value):
    """The message says how one looks."""
    with pytest.raises(ValueError, match="is no size; expected for example 512MiB, 1GiB"):
        size_bytes(value)


@pytest.mark.parametrize("value", [0, "0", "0.4B", "0GiB"])
def test_a_size_is_positive(value):
    """No memory at all is a mistake."""
    with pytest.raises(ValueError, match="must be larger than 0"):
        size_bytes(value)


def test_windows():
    """Their spelling is the label; what is a window already stays one."""
    assert window("60m") == Window("60m", 3_600.0)
    assert window(Window("1h", 3_600.0)) == Window("1h", 3_600.0)
    with pytest.raises(ValueError, match="'10ms' is too short; the shortest window is 1s"):
        window("10ms")


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 99), st.integers(0, 99))
def test_parts_of_a_duration_add_up(days, hours, minutes, seconds):
    """In whatever amounts."""
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    if total:
        assert duration_seconds(text) == total
    else:
        with pytest.raises(ValueError, match="must be longer than 0"):
            duration_seconds(text)
