"""Outlets: how decisions leave the box. None of them ever makes the loop wait."""
