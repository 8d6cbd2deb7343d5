_base_ = '../remots_pedestrians.py'
