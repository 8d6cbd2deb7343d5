"""Time and memory of an encoder: one training iteration, and embedding.

Runs on the GPU if there is one. Beside what is measured stands what a GPU
should take, computed from the number of operations: that part is marked,
and as good as the rate given with --sustained-tflops.
"""
from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper

from mmremots.models.reid import ReIDEncoder
from mmremots.registry import MODELS

#: A backward pass costs two forward passes: by the input and by the weights.
PASSES = 3


def random_batch(encoder: ReIDEncoder, size: int) -> dict:
    """Half labelled, half target crops, four of each person."""
    people = torch.arange(size) // 4
    labelled = torch.arange(size) < size // 2
    same = torch.where(people[:, None] == people, 1, -1)
    known = labelled[:, None] == labelled
    inputs = torch.randint(
        0, 256, (size, 3, *encoder.crop_size), dtype=torch.uint8)
    return dict(
        inputs=inputs,
        data_samples=dict(
            people=torch.where(labelled, people, -1),
            relation=torch.where(known, same, 0).to(torch.int8)))


def clocks() -> np.ndarray:
    """Wall and CPU seconds, after all work on the GPU is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return np.array([time.perf_counter(), time.process_time()])


def peak_memory() -> float:
    """GB: of the GPU, or of the whole process where there is none."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def time_training(encoder: ReIDEncoder, wrapper: OptimWrapper,
                  batch: dict, iterations: int) -> np.ndarray:
    """Wall and CPU seconds an iteration, but for the first."""
    encoder.train()
    encoder.train_step(batch, wrapper)
    start = clocks()
    for _ in range(iterations):
        encoder.train_step(batch, wrapper)
    return (clocks() - start) / iterations


def time_embedding(encoder: ReIDEncoder, count: int) -> np.ndarray:
    """Wall and CPU seconds a crop, in batches of 64."""
    crops = np.random.default_rng(0).integers(
        0, 256, (count, *encoder.crop_size, 3), dtype=np.uint8)
    encoder.embed(crops[:8])
    start = clocks()
    encoder.embed(crops)
    return (clocks() - start) / count


def main() -> None:
    """Measures, computes, and prints one line a number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config', nargs='?', default='configs/reid/seresnext50_16x4-120e.py',
        help='config of an encoder (default: %(default)s)')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--iterations', type=int, default=2)
    parser.add_argument('--crops', type=int, default=128)
    parser.add_argument('--num-classes', type=int, default=228)
    parser.add_argument('--amp', action='store_true', help='on a GPU only')
    parser.add_argument(
        '--sustained-tflops', type=float, default=5.0,
        help='of the GPU to compute for; convolutions in groups reach a '
        'third of the peak or less (default: %(default)s)')
    args = parser.parse_args()

    config = Config.fromfile(args.config)
    config.model.head.num_classes = args.num_classes
    encoder = MODELS.build(config.model).eval()
    encoder.to('cuda' if torch.cuda.is_available() else 'cpu')
    operations = 2 * get_model_complexity_info(
        encoder.backbone,
        inputs=(torch.zeros(1, 3, *encoder.crop_size,
                            device=encoder.device), ),
        show_table=False, show_arch=False)['flops']
    weights = sum(p.numel() for p in encoder.parameters())
    print(f'{args.config}: {weights / 1e6:.2f} M weights, '
          f'{operations / 1e9:.2f} GFLOP a crop forward '
          '(multiplication and addition count one each)')

    where = (torch.cuda.get_device_name() if torch.cuda.is_available()
             else f'CPU, {torch.get_num_threads()} thread(s)')
    if args.crops:
        wall, cpu = 1e3 * time_embedding(encoder, args.crops)
        print(f'measured, {where}: embedding {wall:.1f} ms a crop '
              f'({cpu:.1f} ms of CPU time)')
    if args.iterations:
        if args.amp:
            config.optim_wrapper.type = 'AmpOptimWrapper'
        wrapper = build_optim_wrapper(encoder, config.optim_wrapper)
        batch = random_batch(encoder, args.batch_size)
        wall, cpu = time_training(encoder, wrapper, batch, args.iterations)
        print(f'measured, {where}: training {wall:.2f} s an iteration of '
              f'{args.batch_size} crops ({cpu:.2f} s of CPU time), peak '
              f'{peak_memory():.1f} GB')

    rate = args.sustained_tflops * 1e12
    step = PASSES * operations * args.batch_size / rate
    print(f'computed, not measured, at {args.sustained_tflops:g} TFLOPS '
          f'sustained: embedding {1e3 * operations / rate:.2f} ms a crop, '
          f'training {step:.2f} s an iteration')


if __name__ == '__main__':
    main()
