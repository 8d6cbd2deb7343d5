_base_ = '../remots_plus_sample.py'
