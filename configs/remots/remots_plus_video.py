_base_ = '../remots_plus_video.py'
