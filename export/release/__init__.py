"""Which bundle is the champion, who challenges it, and by what rule that changes."""
