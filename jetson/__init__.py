"""Packaging for the device: one .deb for each JetPack, and a virtual Jetson that proves it."""
