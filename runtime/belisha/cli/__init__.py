"""The commands of `belisha`, one file each."""
