"""What is wrong with a device: one file a matter, each with findings and what to do."""
