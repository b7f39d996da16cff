"""Exporters: checkpoints to ONNX graphs and bundles."""
