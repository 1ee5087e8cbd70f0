"""What the labels of well-known data sets mean here."""

from __future__ import annotations

from typing import Literal

Meaning = Literal["person", "dont_care", "drop"]

_PEOPLE = (
    "person",
    "people",
    "pedestrian",
    "pedestrians",
    "human",
    "walking person",
    "man",
    "woman",
    "boy",
    "girl",
    "child",
)
_DONT_CARE = (
    "dont_care",
    "dontcare",
    "don't care",
    "ignore",
    "ignored",
    "ignore region",
    "ignore-region",
    "crowd",
    "group",
    "person group",
    "person-group-far-away",
    "group_of_people",
    # People in another posture or on wheels: to miss them is no fault, to find them neither.
    "rider",
    "cyclist",
    "motorcyclist",
    "bicyclist",
    "biker",
    "wheelchair",
    "sitting",
    "sitting person",
    "person_sitting",
    "person (other)",
    "other-posture",
    "other posture",
    "person?",
    "mask-only",
    "depiction",
)

DEFAULT_LABELS: dict[str, Meaning] = {
    **dict.fromkeys(_PEOPLE, "person"),
    **dict.fromkeys(_DONT_CARE, "dont_care"),
}
"""By label in lower case; a label that is not here, is not a person."""
