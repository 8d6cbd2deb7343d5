_base_ = '../remots_mots20.py'
