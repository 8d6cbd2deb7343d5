"""The classes of MOTS, as its files number them."""

CAR = 1
PEDESTRIAN = 2
#: Regions in which nothing was annotated.
IGNORE = 10
CLASS_NAMES = {CAR: 'car', PEDESTRIAN: 'pedestrian'}
