"""The .deb: wheels, unpacked and checked, in a package that comes out the same twice."""
