# The paper's run: MOTS20 train is the labelled set, MOTS20 test the target.
#
# data/MOTS20/{train,test}/MOTS20-XX/ as downloaded, and the detections of
# each sequence in its det/: TrackR-CNN text (.txt) or COCO results (.json),
# one file a detector. CHECKPOINT of tools/test.py is the encoder to start
# from (tools/model_converters make one of the ImageNet or ReID weights).
_base_ = [
    '_base_/default_runtime.py',
    '_base_/datasets/mots20_videos.py',
    '_base_/models/remots.py',
    '_base_/models/reid_seresnext50.py',
    '_base_/schedules/remots.py',
]
model = dict(
    detector=dict(sources=[
        dict(type='DetectionsFromFile', path='det/*', score_thr=0.5)]),
    reid=_base_.encoder)
test_cfg = dict(
    labelled=dict(
        type='mmremots.MOTSChallengeDataset',
        data_root='data/MOTS20/train',
        sequences=['MOTS20-02', 'MOTS20-05', 'MOTS20-09', 'MOTS20-11'],
        test_mode=True))
