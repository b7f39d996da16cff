"""The models that Espalier ships, and the exporters that turn checkpoints into bundles."""
