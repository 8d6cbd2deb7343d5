# KITTI MOTS: its training set is the labelled set, its test set the target.
# The method is that of the paper, for cars and pedestrians at once; a track
# has one class. Frames count from 0 in the submission, as KITTI has them.
#
#   data/KITTI_MOTS/training/image_02/0000/000000.png
#   data/KITTI_MOTS/training/instances_txt/0000.txt    or instances/ (PNGs)
#   data/KITTI_MOTS/testing/image_02/0000/000000.png
#   data/KITTI_MOTS/testing/detections/0000*.txt       or .json
_base_ = 'remots_mots20.py'
model = dict(detector=dict(sources=[
    dict(
        type='DetectionsFromFile',
        path='data/KITTI_MOTS/testing/detections/{sequence}*',
        # Of the ReMOTS entry, as its page on the benchmark says: car 0.5,
        # pedestrian 0.2.
        score_thr={1: 0.5, 2: 0.2})]))
test_dataloader = dict(dataset=dict(
    type='mmremots.KittiMOTSDataset',
    data_root='data/KITTI_MOTS/testing',
    sequences=None))
test_cfg = dict(labelled=dict(
    type='mmremots.KittiMOTSDataset',
    data_root='data/KITTI_MOTS/training',
    sequences=None))
test_evaluator = dict(type='mmremots.KittiMOTSMetric')
