"""`belisha rules COMMAND`: which bundle runs when, where and for whom."""
