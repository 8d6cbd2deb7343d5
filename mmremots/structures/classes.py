"""The classes of MOTS, as its files number them."""

CAR = 1
PEDESTRIAN = 2
#: Regions in which nothing was annotated.
IGNORE = 10
CLASS_NAMES = {CAR: 'car', PEDESTRIAN: 'pedestrian'}
#: The class of each name that data sets and detectors have, in small letters.
CLASS_OF_NAME = {
    'person': PEDESTRIAN, 'pedestrian': PEDESTRIAN, 'people': PEDESTRIAN,
    'car': CAR}
