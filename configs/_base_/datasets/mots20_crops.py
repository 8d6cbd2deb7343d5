# The annotated people of MOTS20 train as crops, cut on first use. MOTS20-09 is
# held out, to see whether its people are found again.
train_dataloader = dict(
    # Groups of 2 people with 4 crops each: 16 people a batch.
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=False),
    collate_fn=dict(type='mmremots.collate_groups'),
    dataset=dict(
        type='mmremots.AnnotatedGroups',
        group_size=8,
        videos=dict(
            type='mmremots.MOTSChallengeDataset',
            data_root='data/MOTS20/train',
            sequences=['MOTS20-02', 'MOTS20-05', 'MOTS20-11'])))
val_dataloader = dict(
    batch_size=128,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='mmremots.AnnotatedCrops',
        videos=dict(
            type='mmremots.MOTSChallengeDataset',
            data_root='data/MOTS20/train',
            sequences=['MOTS20-09'])))
val_evaluator = dict(type='mmremots.RetrievalMetric')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
