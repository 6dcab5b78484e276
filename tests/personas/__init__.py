"""Residents with twenty things to say each, and a judge who reads what they were answered (M05)."""
