"""The one `evaluate(detector, dataset)`, and what its figures are made of."""
