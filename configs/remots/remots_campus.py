_base_ = '../remots_campus.py'
