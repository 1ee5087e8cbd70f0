"""The factory's second stage: from a checkpoint or a foreign model to a bundle."""
