_base_ = '../remots_x152-x101_mots20.py'
