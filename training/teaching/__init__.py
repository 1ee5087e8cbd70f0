"""What other detectors know, handed on to the network before it learns from boxes.

A few thousand pictures with boxes teach a network what people look like there and not much more. A
detector that saw the 118,000 pictures of COCO knows what else stands in a street. `teachers` runs
such detectors on enlarged views, `lessons` keeps views and answers, `pupil` has the network give
the same answers for views that are spoilt and smaller. `tiles`, `find` and `found` add people whom
no annotator drew.
"""
