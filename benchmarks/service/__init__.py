"""The service under rehearsal: faults, endurance, and live figures, all with the real loop."""
