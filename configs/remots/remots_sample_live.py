_base_ = '../remots_sample_live.py'
