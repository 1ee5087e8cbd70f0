"""`belisha setup`: how the camera sits, told on its own live picture and written into car.yaml."""
