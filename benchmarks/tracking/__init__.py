"""How well people keep their identities: rendered drives, metrics, our tracker beside others."""
