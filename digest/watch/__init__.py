"""Watch: what a batch of entries changes, and how each source stands against what it announces as a rule. Pure."""

from digest.watch.calendar import Timetable, timetables
from digest.watch.habits import LOOK_BACK, arrivals, categories_of
from digest.watch.merging import MENTIONS_BY, Changes, Decision, Known, Outcome, decide, merge, unite
from digest.watch.states import conditions, missed, worth_waiting

__all__ = [
    "LOOK_BACK",
    "MENTIONS_BY",
    "Changes",
    "Decision",
    "Known",
    "Outcome",
    "Timetable",
    "arrivals",
    "categories_of",
    "conditions",
    "decide",
    "merge",
    "missed",
    "timetables",
    "unite",
    "worth_waiting",
]
