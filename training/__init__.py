"""The factory's first stage: data in, checkpoints out. Never installed on a device."""
