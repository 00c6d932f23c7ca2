"""What may come again."""

from __future__ import annotations

from typing import Literal, get_args

Cycle = Literal["hour_of_week", "hour_of_day", "day_of_week"]
CYCLES: tuple[Cycle, ...] = get_args(Cycle)
