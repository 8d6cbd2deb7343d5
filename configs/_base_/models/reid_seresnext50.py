# The paper's encoder: SE-ResNeXt50 of reid-strong-baseline. Every other
# encoder config inherits from this one.
encoder = dict(
    type='mmremots.ReIDEncoder',
    crop_size=(256, 128),
    data_preprocessor=dict(
        type='ImgDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True),
    backbone=dict(type='SEResNeXt', depth=50, last_stride=1),
    neck=dict(type='mmdet.GlobalAveragePooling'),
    head=dict(
        type='BNNeckHead',
        in_channels=2048,
        loss_cls=dict(type='torch.nn.CrossEntropyLoss', label_smoothing=0.1),
        loss_triplet=dict(type='TripletLoss', margin=0.3),
        loss_center=dict(type='CenterLoss', loss_weight=5e-4, lr=0.5)),
    feature='centred')
