"""An engine maps a picklable function over small items and returns small results in order; data lies in files."""
