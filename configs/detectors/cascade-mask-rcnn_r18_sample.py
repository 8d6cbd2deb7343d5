# A second one, its boxes refined in three stages.
_base_ = 'mask-rcnn_r18_sample.py'
roi_head = _base_.model.roi_head
assigner = _base_.model.train_cfg.rcnn.assigner
model = dict(
    type='CascadeRCNN',
    roi_head=dict(
        _delete_=True,
        type='CascadeRoIHead',
        num_stages=3,
        stage_loss_weights=[1, 0.5, 0.25],
        bbox_roi_extractor=roi_head.bbox_roi_extractor,
        bbox_head=[
            dict(
                type='Shared4Conv1FCBBoxHead', in_channels=48,
                conv_out_channels=48, fc_out_channels=128, num_classes=1,
                norm_cfg=_base_.norm_cfg, reg_class_agnostic=True,
                bbox_coder=dict(
                    type='DeltaXYWHBBoxCoder', target_means=[0.] * 4,
                    target_stds=[0.1 / x, 0.1 / x, 0.2 / x, 0.2 / x]),
                loss_cls=dict(type='CrossEntropyLoss'),
                loss_bbox=dict(type='SmoothL1Loss', beta=1.0))
            for x in (1, 2, 3)],
        mask_roi_extractor=roi_head.mask_roi_extractor,
        mask_head=roi_head.mask_head),
    train_cfg=dict(rcnn=[
        dict(
            assigner={
                **assigner, 'pos_iou_thr': iou, 'neg_iou_thr': iou,
                'min_pos_iou': iou, 'match_low_quality': False},
            sampler=_base_.model.train_cfg.rcnn.sampler,
            mask_size=28, pos_weight=-1, debug=False)
        for iou in (0.5, 0.6, 0.7)]))
randomness = dict(seed=1)
