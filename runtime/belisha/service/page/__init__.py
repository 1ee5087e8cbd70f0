"""The local page: what the camera sees and the service thinks of it, in any browser, phones too."""
