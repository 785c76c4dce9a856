"""Marks of machine translation, and repairs of them by what the rest of the corpus shows."""
