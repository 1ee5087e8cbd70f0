"""Rendered streets with exact truth: people, cars and houses at any hour and in any weather."""
