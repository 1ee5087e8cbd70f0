"""NVIDIA's devices: the driver, TensorRT's builder and cache, and the runner of an engine."""
