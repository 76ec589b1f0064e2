"""What waits while an integration is down: a fluid line with a limit, worked off by hand, in closed form.

Messages arrive all the time at one rate, the oldest is done by hand first, and when the outage ends what still waits
passes at once (how long a line takes to drain is the question of a surge). All functions take arrays that broadcast.
All that an outage does grows with its length, so that quantiles of the length are those of what it does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from integrhealth.language.thresholds import LATEST_TOLERANCES, PAST_SHARE


class Line(NamedTuple):
    """What an outage does: messages too late or refused, the longest wait in hours, hours waited by all, by hand."""

    arrived: NDArray
    late: NDArray
    refused: NDArray
    longest_hours: NDArray
    waited_hours: NDArray
    by_hand: NDArray

    @property
    def past(self) -> NDArray:
        """Messages past the tolerance: too late, or refused."""
        return self.late + self.refused


def line(hours: ArrayLike, *, arrivals: ArrayLike, limit: ArrayLike, by_hand: ArrayLike, tolerance: ArrayLike) -> Line:
    """The line at the end of an outage of `hours`: `arrivals` and `by_hand` per hour, `limit` messages, hours borne.

    The backlog grows by g = arrivals - by_hand per hour until it is the limit, at t = limit / g; from then on g per
    hour are refused. A message that arrives at a is done by hand at a x arrivals / by_hand, or passes at the end.
    """
    hours, rate, limit, hand, borne = (np.asarray(each, float) for each in (hours, arrivals, limit, by_hand, tolerance))
    grows = np.maximum(rate - hand, 0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        full = np.where(grows > 0, limit / grows, np.inf)
        reach = np.where(grows > 0, np.where(hand > 0, limit / hand, np.inf), 0)
        growing = np.where(grows > 0, hours * grows / rate, 0)
        # From here on a message waits too long, if the outage goes on.
        since = np.where(grows > 0, borne * hand / grows, np.inf)
    filling = np.minimum(full, hours)
    rising = np.maximum(np.minimum(full, hours - borne) - since, 0)
    standing = np.maximum(hours - borne - full, 0)
    return Line(
        arrived=rate * hours,
        late=rate * rising + np.where(reach > borne, hand * standing, 0),
        refused=grows * (hours - filling),
        longest_hours=np.minimum(growing, np.where(limit > 0, reach, 0)),
        waited_hours=grows * filling * (filling / 2 + hours - filling),
        by_hand=np.minimum(rate, hand) * hours,
    )


def borne_hours(*, arrivals: ArrayLike, limit: ArrayLike, by_hand: ArrayLike, tolerance: ArrayLike) -> NDArray:
    """The longest outage that is borne: nobody is refused, hardly any message waits too long, and none much too long.

    That is so while limit >= g x hours, and late <= PAST_SHARE x arrivals x hours, and hours x g / arrivals <=
    LATEST_TOLERANCES x tolerance.
    """
    rate, limit, hand, borne = (np.asarray(each, float) for each in (arrivals, limit, by_hand, tolerance))
    grows = np.maximum(rate - hand, 0)
    patience = borne * min(1 / (1 - PAST_SHARE), LATEST_TOLERANCES)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(grows > 0, np.minimum(limit / grows, patience * rate / grows), np.inf)
