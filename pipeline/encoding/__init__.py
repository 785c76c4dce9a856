"""Mojibake and other damage of encodings: what ftfy would change, proven or asked, and as minimal edits."""
