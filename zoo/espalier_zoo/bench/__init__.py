"""Benchmarks of the generator: against eager PyTorch, and on a GPU against what the card can do."""
