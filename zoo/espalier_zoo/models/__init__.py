"""The architectures: one file a model, plain PyTorch, the reference that every exported graph must equal."""
