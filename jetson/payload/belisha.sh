#!/bin/sh
# The wheels lie in a folder of their own, ahead of the system's, where TensorRT is still found; what
# was built on this device, such as pycuda, comes between.
export PYTHONPATH=/usr/lib/belisha/site:/usr/local/lib/belisha PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python@PYTHON@ /usr/lib/belisha/start.py "$@"
