"""The population engine: vectorised kernels that LLVM compiles from a model."""
