_base_ = '../remots_plus_refine.py'
