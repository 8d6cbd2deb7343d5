# remots_vtest.py, with what is beyond the paper.
_base_ = ['remots_vtest.py', '_base_/schedules/remots_plus.py']
model = _base_.plus_model
test_cfg = dict(stages=_base_.plus_stages)
