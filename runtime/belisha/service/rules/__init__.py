"""Business rules: which bundle runs when, where and for whom, and what of its findings counts.

`Rules.open(path).decide(signals)` is all that the loop needs; `runtime/RULES.md` is the manual.
"""
