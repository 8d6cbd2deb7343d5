# The method: the same for every data set. A run adds the detections'
# sources and the encoder.
model = dict(
    type='mmremots.ReMOTS',
    detector=dict(
        type='MaskFusion',
        nms=dict(type='IoMNMS', iom_thr=0.5),
        min_area=16),
    motion=dict(type='DenseFlow', method='farneback'),
    tracker=dict(
        type='ShortTermTracker',
        threshold=dict(type='ThreeSigmaThreshold'),
        # False is the paper's rule to the letter. True changes it only where
        # it would forbid most true links: docs/method.md.
        at_most_crossing=True),
    merger=dict(
        type='TrackletMerger',
        max_gap=15,
        threshold=dict(type='CrossingThreshold')))
test_evaluator = dict(type='mmremots.MOTSChallengeMetric')
