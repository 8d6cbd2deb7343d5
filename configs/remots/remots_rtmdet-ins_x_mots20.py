_base_ = '../remots_rtmdet-ins_x_mots20.py'
