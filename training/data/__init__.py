"""Data sets: reading, selecting, describing."""
