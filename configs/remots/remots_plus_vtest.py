_base_ = '../remots_plus_vtest.py'
