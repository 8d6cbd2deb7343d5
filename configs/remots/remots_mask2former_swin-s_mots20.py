_base_ = '../remots_mask2former_swin-s_mots20.py'
