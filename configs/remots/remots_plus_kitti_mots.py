_base_ = '../remots_plus_kitti_mots.py'
