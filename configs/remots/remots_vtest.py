_base_ = '../remots_vtest.py'
