_base_ = '../remots_pedestrians_scratch.py'
