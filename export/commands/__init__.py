"""The commands of `python -m export`, one file each."""
