"""The demonstration: the champion on a drive whose truth is known, and a page about it.

clip -> the one Loop -> Scorer (against the truth) and Film (video, contact sheet) -> page
"""
