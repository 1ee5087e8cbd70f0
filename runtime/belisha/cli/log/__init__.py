"""`belisha log COMMAND`: the activity log, on the device or far from it."""
