_base_ = '../remots_kitti_mots.py'
