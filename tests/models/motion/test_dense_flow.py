"""Flow direction, threads and small images; warping against its definition."""
from __future__ import annotations

import threading
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmremots.models.motion import DenseFlow, warp_labels
from mmremots.registry import MODELS


def literal_warp(labels, flow):
    """The docstring of warp_labels, pixel by pixel."""
    height, width = labels.shape
    warped = np.zeros_like(labels)
    for y in range(height):
        for x in range(width):
            u, v = float(flow[y, x, 0]), float(flow[y, x, 1])
            if not (np.isfinite(u) and np.isfinite(v)):
                continue
            column, row = round(x + u), round(y + v)  # Halves go to even.
            if 0 <= column < width and 0 <= row < height:
                warped[y, x] = labels[row, column]
    return warped


def texture(height, width, seed=0):
    noise = np.random.default_rng(seed).integers(
        0, 256, (height, width), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def color(gray):
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), height=st.integers(1, 40),
    width=st.integers(1, 40), spread=st.sampled_from([0.3, 3, 30]),
    kind=st.sampled_from(['smooth', 'halves', 'nan', 'huge']),
    dtype=st.sampled_from(
        ['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8']),
    flow_dtype=st.sampled_from(['f2', 'f4', 'f8']))
def test_warp_is_its_definition(
        seed, height, width, spread, kind, dtype, flow_dtype):
    """Exactly, whatever rounding, range and types come in."""
    rng = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    labels = rng.integers(
        info.min, info.max, (height, width), dtype=dtype, endpoint=True)
    flow = rng.normal(0, spread, (height, width, 2))
    if kind == 'halves':
        flow = np.rint(flow * 2) / 2
    odd = rng.random(flow.shape) < 0.1
    if kind == 'nan':
        flow[odd] = np.nan
    if kind == 'huge':
        flow[odd] = rng.choice(
            [np.inf, -np.inf, 32767.5, -32768.5, 4e4, -4e4, 3e4], odd.sum())
    flow = flow.astype(flow_dtype)
    warped = warp_labels(labels, flow)
    assert warped.dtype == labels.dtype
    np.testing.assert_array_equal(warped, literal_warp(labels, flow))


def test_warp_near_a_half():
    """A sum in float32 would round 1001.4999 up to a half."""
    labels = np.arange(1, 2001, dtype=np.int32)[None]
    below = np.nextafter(np.float32(0.5), np.float32(0))
    flow = np.zeros((1, 2000, 2), dtype=np.float32)
    flow[..., 0] = below
    np.testing.assert_array_equal(warp_labels(labels, flow), labels)


def test_warp_of_a_whole_map_of_halves():
    """An odd case for the fast path must not take a loop over pixels."""
    labels = np.random.default_rng(0).integers(0, 9, (300, 400))
    flow = np.full((300, 400, 2), 0.5, dtype=np.float32)
    rows, columns = (
        np.rint(np.arange(n) + 0.5).astype(int) for n in labels.shape)
    padded = np.pad(labels, ((0, 1), (0, 1)))
    np.testing.assert_array_equal(
        warp_labels(labels, flow), padded[np.ix_(rows, columns)])


def test_warp_beyond_the_range_of_int16():
    """Images that cv2.remap cannot address are looked up all the same."""
    labels = np.zeros((1, 40000), dtype=np.int16)
    labels[0, 35000] = 7
    flow = np.zeros((1, 40000, 2), dtype=np.float32)
    flow[0, 10, 0] = 34990
    warped = warp_labels(labels, flow)
    assert warped[0, 10] == warped[0, 35000] == 7
    assert np.count_nonzero(warped) == 2


def test_warp_takes_views():
    """Slices and transposed maps have other strides."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, (60, 50)).T[::2]
    flow = rng.normal(0, 3, (25, 120, 2)).astype(np.float32)[:, ::2]
    np.testing.assert_array_equal(
        warp_labels(labels, flow), literal_warp(labels, flow))


@pytest.mark.parametrize(('labels', 'flow'), [
    (np.zeros((4, 5), int), np.zeros((5, 4, 2), np.float32)),
    (np.zeros((4, 5), int), np.zeros((4, 5), np.float32)),
    (np.zeros((4, 5), int), np.zeros((4, 5, 2), int)),
    (np.zeros((4, 5)), np.zeros((4, 5, 2), np.float32)),
])
def test_warp_refuses(labels, flow):
    """A wrong shape or type must not become a wrong mask."""
    with pytest.raises(ValueError, match='label'):
        warp_labels(labels, flow)


@pytest.mark.parametrize('config', [
    {}, {'scale': 0.5}, {'method': 'dis'},
    {'method': 'dis', 'preset': 'fast'},
    {'method': 'dis', 'preset': 'ultrafast', 'scale': 0.7},
])
def test_flow_points_back(config):
    """What moved by (4, 2) came from (-4, -2), in pixels of full size."""
    prev = texture(180, 241)
    curr = np.roll(prev, (2, 4), axis=(0, 1))
    flow = MODELS.build({'type': 'DenseFlow', **config}).flow(curr, prev)
    assert flow.shape == (180, 241, 2)
    assert flow.dtype == np.float32
    inner = flow[40:-40, 40:-40].reshape(-1, 2)
    np.testing.assert_allclose(np.median(inner, axis=0), [-4, -2], atol=0.3)


def test_warp_along_the_flow_follows_a_person():
    """The two halves of the module fit together."""
    prev = texture(160, 200)
    curr = np.roll(prev, 6, axis=1)
    labels = np.zeros(prev.shape, dtype=np.int16)
    labels[50:110, 60:100] = 1
    warped = warp_labels(labels, DenseFlow().flow(curr, prev))
    moved = np.roll(labels, 6, axis=1)
    assert (warped & moved).sum() > 0.95 * (warped | moved).sum()


@pytest.mark.parametrize('method', ['farneback', 'dis'])
@pytest.mark.parametrize('size', [
    (1, 1), (1, 50), (7, 9), (12, 40), (16, 90), (31, 400), (33, 32)])
def test_flow_of_small_images(method, size):
    """OpenCV's DIS raises on some of these and crashes on others."""
    prev, curr = texture(*size), texture(*size, seed=1)
    for scale in (1, 0.3):
        motion = DenseFlow(method=method, preset='fast', scale=scale)
        for pair in ((curr, prev), (prev, prev)):
            flow = motion.flow(*pair)
            assert flow.shape == (*size, 2)
            assert np.isfinite(flow).all()


@pytest.mark.parametrize('config', [
    {}, {'scale': 0.5}, {'method': 'dis'},
    {'method': 'dis', 'preset': 'ultrafast'}])
def test_flows_do_not_depend_on_workers(config):
    """The same bytes as one pair at a time; None where an image is None."""
    frames = [color(texture(120, 160, seed)) for seed in range(8)]
    frames[3] = None
    motion = DenseFlow(**config)
    gray = [
        None if f is None else cv2.cvtColor(f, cv2.COLOR_BGR2GRAY)
        for f in frames]
    expected = [
        None if a is None or b is None else motion.flow(b, a).tobytes()
        for a, b in pairwise(gray)]
    for workers in (1, 2, 5):
        flows = [
            None if flow is None else flow.tobytes()
            for flow in motion.flows(iter(frames), workers)]
        assert flows == expected


def test_flow_does_not_depend_on_opencv_threads():
    """Another machine has another number of cores."""
    prev, curr = texture(300, 400), texture(300, 400, 1)
    before = cv2.getNumThreads()
    try:
        for motion in (DenseFlow(), DenseFlow('dis'),
                       DenseFlow('dis', preset='fast')):
            flows = []
            for threads in (1, 2, 5):
                cv2.setNumThreads(threads)
                flows.append(motion.flow(curr, prev).tobytes())
            assert len(set(flows)) == 1
    finally:
        cv2.setNumThreads(before)


def test_flows_read_each_frame_once_and_not_far_ahead():
    """An hour of video must not fill the memory."""
    read = []

    def frames():
        for t in range(40):
            read.append(t)
            yield color(texture(40, 40, t))

    ahead = []
    for done, _ in enumerate(DenseFlow('dis').flows(frames(), workers=2), 2):
        ahead.append(len(read) - done)
    assert read == list(range(40))
    assert len(ahead) == 39
    assert max(ahead) <= 4


def test_flows_stop_when_left():
    """No thread works on for a caller who is gone."""
    frames = (color(texture(60, 60, t)) for t in range(1000))
    flows = DenseFlow().flows(frames, workers=2)
    next(flows)
    flows.close()
    assert not [
        t for t in threading.enumerate() if t.name.startswith('flow')]
    assert next(frames, None) is not None


@pytest.mark.parametrize(('number', 'expected'), [(0, 0), (1, 0), (2, 1)])
def test_flows_of_few_frames(number, expected):
    """One less than there are frames, and none of none."""
    frames = [color(texture(40, 40))] * number
    assert len(list(DenseFlow().flows(frames))) == expected


def test_flows_refuse_frames_of_two_sizes():
    """With a scale both could be small images of the same size."""
    frames = [color(texture(40, 40)), color(texture(41, 40))]
    with pytest.raises(ValueError, match=r'\(40, 40\) and \(40, 41\)'):
        list(DenseFlow(scale=0.5).flows(frames))
    with pytest.raises(ValueError, match='images of'):
        DenseFlow().flow(texture(40, 40), texture(41, 40))
    with pytest.raises(ValueError, match='images of'):
        DenseFlow(scale=0.5).flow(texture(40, 40), texture(41, 40))


@pytest.mark.parametrize('config', [
    {'method': 'tvl1'}, {'scale': 0}, {'scale': 1.5},
    {'method': 'dis', 'preset': 'slow'}])
def test_bad_config(config):
    """A typo is told at once, with the value."""
    with pytest.raises(ValueError, match=next(iter(reversed(config)))):
        DenseFlow(**config)


def test_bad_workers():
    """Told before any frame is read."""
    with pytest.raises(ValueError, match='workers is 0'):
        list(DenseFlow().flows([], workers=0))
