"""Points on a spiral, and the one that they are measured from."""
import numpy

angle = numpy.arange(1000) * 0.1
numpy.save("points.npy", numpy.stack([angle * numpy.cos(angle), angle * numpy.sin(angle)], axis=1))
numpy.save("centre.npy", numpy.array([30.0, 40.0]))
