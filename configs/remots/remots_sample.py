_base_ = '../remots_sample.py'
