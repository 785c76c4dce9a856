"""What identify_language is made of."""
