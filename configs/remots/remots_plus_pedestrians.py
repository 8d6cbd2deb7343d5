_base_ = '../remots_plus_pedestrians.py'
