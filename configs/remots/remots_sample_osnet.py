_base_ = '../remots_sample_osnet.py'
