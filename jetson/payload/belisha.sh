#!/bin/sh
# The wheels lie in a folder of their own, ahead of the system's: TensorRT is still found there.
export PYTHONPATH=/usr/lib/belisha/site PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python@PYTHON@ /usr/lib/belisha/start.py "$@"
