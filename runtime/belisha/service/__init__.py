"""What runs around the detector: the loop, and the sinks that its results go to."""
