# The paper's "Mask R-CNN X152 of Detectron2", in mmdet's wrapper; needs
# detectron2 installed. The settings are those of Detectron2's
# Misc/cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv.yaml.
_base_ = 'mmdet::misc/d2_mask-rcnn_r50-caffe_fpn_ms-90k_coco.py'
model = dict(
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://dl.fbaipublicfiles.com/detectron2/Misc/'
        'cascade_mask_rcnn_X_152_32x8d_FPN_IN5k_gn_dconv/18131413/'
        'model_0039999_e76410.pkl'),
    detector=dict(
        resnets=dict(
            depth=152, num_groups=32, width_per_group=8, stride_in_1x1=False,
            deform_on_per_stage=[False, True, True, True]),
        roi_heads=dict(name='CascadeROIHeads'),
        roi_box_head=dict(
            num_conv=4, num_fc=1, norm='GN', cls_agnostic_bbox_reg=True),
        roi_mask_head=dict(num_conv=8, norm='GN')))
