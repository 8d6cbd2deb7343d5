_base_ = '../remots_plus_mots20.py'
