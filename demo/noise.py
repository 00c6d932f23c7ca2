"""When noise creeps into the model's inputs, and how much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoiseSchedule:
    """A calm phase; then, over and over, a slow rise, a plateau, and the time after a repair.

    Attributes
    ----------
    calm, rise, plateau, repaired
        Lengths of the phases in seconds. The last is long enough for alerts to end.
    highest
        Standard deviation of the noise on the plateau, in units of ink (0..16).
    """

    calm: float
    rise: float = 20.0
    plateau: float = 90.0
    repaired: float = 200.0
    highest: float = 8.0

    def at(self, elapsed: float) -> float:
        """Return the noise `elapsed` seconds after the start.

        >>> schedule = NoiseSchedule(calm=10, rise=10, plateau=5, repaired=5)
        >>> [schedule.at(second) for second in (0, 10, 15, 20, 24, 25, 35)]
        [0.0, 0.0, 4.0, 8.0, 8.0, 0.0, 4.0]
        """
        if elapsed < self.calm:
            return 0.0
        time = (elapsed - self.calm) % (self.rise + self.plateau + self.repaired)
        if time >= self.rise + self.plateau:
            return 0.0
        return self.highest * min(time / self.rise, 1.0)
