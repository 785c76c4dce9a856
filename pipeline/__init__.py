"""Turns scraped news and web text into a clean, deduplicated corpus in Parquet, with a record of every change."""

__version__ = "0.1.0"
