"""Augmentation of person crops.

A crop goes through as ``dict(img, mask, other, rng)``: image (H, W, 3) uint8
BGR, mask of the person (H, W) uint8, another crop of the same video, and the
``numpy.random.Generator`` every random number is drawn from, so that a
sample depends on its seed alone.
"""
from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmremots.registry import TRANSFORMS

from .pixels import (
    affine_matrix,
    jitter_colour,
    lower_resolution,
    motion_kernel,
    pad_crop,
    replace_background,
    soft_patches,
)

Range = tuple[float, float]

#: Mean of ImageNet as the reference sees it after normalisation, in BGR.
FILL = (127, 142, 152)


class CropTransform(BaseTransform):
    """Base of the transforms: applied with a probability.

    Args:
        prob: Probability to apply it.

    Raises:
        ValueError: ``prob`` is not in [0, 1].
    """

    def __init__(self, prob: float) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(
                f'{type(self).__name__}: prob must be in [0, 1], got {prob}')
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Change ``img`` and ``mask``, or leave them."""
        if results['rng'].random() < self.prob:
            results['img'], results['mask'] = self.augment(
                results['img'], results['mask'], results)
        return results

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """New image and mask; the arguments are left as they are."""
        raise NotImplementedError


@TRANSFORMS.register_module()
class CropFlip(CropTransform):
    """Mirror the crop.

    Args:
        prob: Probability to apply it.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob)

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Mirror both."""
        return cv2.flip(image, 1), cv2.flip(mask, 1)


@TRANSFORMS.register_module()
class CropPadShift(CropTransform):
    """Pad with black, and crop to the old size at a random place.

    Args:
        pad: Pixels on every side.
        prob: Probability to apply it.
    """

    def __init__(self, pad: int = 10, prob: float = 1.0) -> None:
        super().__init__(prob)
        self.pad = pad

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Shift both alike."""
        x, y = results['rng'].integers(
            2 * self.pad, size=2, endpoint=True).tolist()
        return (pad_crop(image, self.pad, x, y),
                pad_crop(mask, self.pad, x, y))


@TRANSFORMS.register_module()
class CropErase(CropTransform):
    """Fill a random rectangle with one colour (random erasing).

    Defaults are the reference's (reid-strong-baseline): area and aspect
    uniform, tried again while the rectangle does not fit in the crop.

    Args:
        area: Range of its area, as a fraction of the crop's.
        aspect: Range of its height over its width.
        fill: The colour, BGR.
        tries: How often a rectangle is drawn before the crop is left.
        prob: Probability to apply it.
    """

    def __init__(self, area: Range = (0.02, 0.4),
                 aspect: Range = (0.3, 1 / 0.3),
                 fill: tuple[int, int, int] = FILL,
                 tries: int = 100, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.area = area
        self.aspect = aspect
        self.fill = fill
        self.tries = tries

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Erase the rectangle from both."""
        box = self.draw_box(mask.shape, results['rng'])
        if box is None:
            return image, mask
        image, mask = image.copy(), mask.copy()
        image[box] = self.fill
        mask[box] = 0
        return image, mask

    def draw_box(self, size: tuple[int, ...], rng: np.random.Generator
                 ) -> tuple[slice, slice] | None:
        """Rows and columns of a rectangle; None when none fitted."""
        height, width = size
        for _ in range(self.tries):
            area = rng.uniform(*self.area) * height * width
            aspect = rng.uniform(*self.aspect)
            h, w = round((area * aspect)**0.5), round((area / aspect)**0.5)
            if h < height and w < width:
                y = int(rng.integers(height - h, endpoint=True))
                x = int(rng.integers(width - w, endpoint=True))
                return slice(y, y + h), slice(x, x + w)
        return None


@TRANSFORMS.register_module()
class CropAffine(CropTransform):
    """Rotate, zoom and shift, as a detector's boxes vary.

    Width and height zoom apart from each other, because crops of any box
    are brought to one size. The colour of the border is continued outside.

    Args:
        angle: Largest rotation in degrees.
        zoom: Range of either factor.
        shift: Largest shift, as a fraction of width and height.
        prob: Probability to apply it.
    """

    def __init__(self, angle: float = 10, zoom: Range = (0.85, 1.3),
                 shift: float = 0.1, prob: float = 0.8) -> None:
        super().__init__(prob)
        self.angle = angle
        self.zoom = zoom
        self.shift = shift

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Warp both alike."""
        rng = results['rng']
        matrix = affine_matrix(
            mask.shape, rng.uniform(-self.angle, self.angle),
            tuple(rng.uniform(*self.zoom, size=2)),
            tuple(rng.uniform(-self.shift, self.shift, size=2)))
        size = mask.shape[::-1]
        return (cv2.warpAffine(image, matrix, size,
                               borderMode=cv2.BORDER_REPLICATE),
                cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST))


@TRANSFORMS.register_module()
class CropColour(CropTransform):
    """Change light and colours.

    Clothes tell people apart by their hue, so that one hardly moves.

    Args:
        brightness: Largest relative change.
        contrast: Likewise.
        saturation: Likewise.
        hue: Largest turn of the colour circle in degrees.
        prob: Probability to apply it.
    """

    def __init__(self, brightness: float = 0.35, contrast: float = 0.35,
                 saturation: float = 0.35, hue: float = 6,
                 prob: float = 0.8) -> None:
        super().__init__(prob)
        self.limits = np.array([brightness, contrast, saturation])
        self.hue = hue

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Change the image."""
        rng = results['rng']
        brightness, contrast, saturation = 1 + rng.uniform(
            -self.limits, self.limits)
        return jitter_colour(
            image, brightness, contrast, saturation,
            rng.uniform(-self.hue, self.hue)), mask


@TRANSFORMS.register_module()
class CropBlur(CropTransform):
    """Blur: out of focus, moving, or far away, one of these at a time.

    Args:
        sigma: Range of the Gaussian's standard deviation, in pixels.
        length: Range of the length of the motion, in pixels.
        resolution: Range of the size that is left of each side.
        prob: Probability to apply it.
    """

    def __init__(self, sigma: Range = (0.5, 2.5),
                 length: tuple[int, int] = (5, 15),
                 resolution: Range = (0.2, 0.6),
                 prob: float = 0.5) -> None:
        super().__init__(prob)
        self.sigma = sigma
        self.length = length
        self.resolution = resolution

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Blur the image."""
        rng = results['rng']
        kind = rng.integers(3)
        if kind == 0:
            sigma = rng.uniform(*self.sigma)
            return cv2.GaussianBlur(image, (0, 0), sigma), mask
        if kind == 1:
            length = int(rng.integers(*self.length, endpoint=True))
            kernel = motion_kernel(length, rng.uniform(0, 180))
            return cv2.filter2D(image, -1, kernel), mask
        return lower_resolution(image, rng.uniform(*self.resolution)), mask


@TRANSFORMS.register_module()
class CropBackground(CropTransform):
    """Replace what the mask leaves out, one of four ways at a time.

    It is dimmed; filled with one dull colour; with soft patches of such
    colours; or with ``results['other']``.

    Args:
        dim: Range of the brightness that is left when dimmed.
        prob: Probability to apply it.
    """

    def __init__(self, dim: Range = (0.0, 0.6), prob: float = 0.7) -> None:
        super().__init__(prob)
        self.dim = dim

    def augment(self, image: np.ndarray, mask: np.ndarray,
                results: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Change the image where the mask is 0."""
        rng = results['rng']
        kind = rng.integers(4)
        if kind == 0:
            background = cv2.convertScaleAbs(
                image, alpha=rng.uniform(*self.dim))
        elif kind == 1:
            background = soft_patches(mask.shape, (1, 1), rng)
        elif kind == 2:
            background = soft_patches(mask.shape, (8, 4), rng)
        else:
            # Turned by half its width, so that the person on it stands at
            # the sides and what was around comes to the middle: a whole
            # one would be taken for the person of a crop with little mask.
            other = results['other']
            background = np.roll(other, other.shape[1] // 2, axis=1)
        return replace_background(image, mask, background), mask


#: Training augmentation of the reference (reid-strong-baseline), whose
#: normalisation, before the erasing there, is left to the network.
REFERENCE = (
    {'type': 'CropFlip'},
    {'type': 'CropPadShift'},
    {'type': 'CropErase'},
)

#: Of a target crop that has a positive in another frame, or is an anchor:
#: what is compared in the end is the crop as it is.
WEAK = ({'type': 'CropFlip'}, )

#: "Dramatically change the pixel content of the anchor sample without
#: altering identity" (paper, section 2.2); how, it does not say. Where a
#: crop is cut and what hides it changes most in video, so that is done
#: most; colours, background and sharpness, which an encoder tells people
#: apart by, more rarely (see docs/encoder.md).
STRONG = (
    {'type': 'CropFlip'},
    {'type': 'CropBackground', 'prob': 0.3},
    {'type': 'CropAffine'},
    {'type': 'CropColour', 'prob': 0.3},
    {'type': 'CropBlur', 'prob': 0.3},
    {'type': 'CropErase'},
)
