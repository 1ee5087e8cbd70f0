"""Measurements, all through the runtime's own path."""
