"""The commands of `belisha engine`, one file each."""
