"""How well people keep their identities: rendered drives, metrics, and our tracker beside others."""
