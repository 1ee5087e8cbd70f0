"""What bodies are made of: proportions, stacks of ellipses, and how bones move them.

The resting body stands at the origin, looks along +y and lets its arms hang; +x is its right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training.scenes.mesh import Colour, Floats, Mesh, Paint, Texture, loft
from training.scenes.outfit import Outfit
from training.scenes.walk import Bone

Level = tuple[float, float, float, float, float]
"""Of an ellipse: x, y, z of its centre, half its width and half its depth."""
Weights = Callable[[Floats], Floats]
"""(N, 3) resting points -> (N, bones) shares of the bones that move them."""
Part = tuple[Mesh, Weights]
"""A piece of the skin, and what moves it."""


@dataclass(frozen=True)
class Frame:
    """The proportions of one body, in metres."""

    height: float
    girth: float
    head: float
    hip: float
    knee: float
    shoulder: float
    elbow: float
    wrist: float
    hip_width: float
    shoulder_width: float


def proportions(outfit: Outfit) -> Frame:
    """The proportions of an outfit's wearer."""
    height, child = outfit.height_m, outfit.child
    head = height * (0.130 + 0.045 * child)
    shoulder = height - head - height * 0.055
    hip = shoulder * (0.625 - 0.04 * child)
    slim = outfit.build * (height / 1.72) * (1 + 0.10 * child)
    return Frame(
        height=height,
        girth=slim,
        head=head,
        hip=hip,
        knee=hip * 0.53,
        shoulder=shoulder,
        elbow=shoulder - height * 0.175,
        wrist=shoulder - height * 0.325,
        hip_width=0.088 * height / 1.72,
        shoulder_width=(0.180 - 0.02 * child) * height / 1.72 * (0.75 + 0.25 * outfit.build),
    )


def joints_of(frame: Frame) -> dict[Bone, Floats]:
    """Where the bones turn, in the resting body."""
    waist = frame.hip + (frame.shoulder - frame.hip) * 0.3
    chest = frame.hip + (frame.shoulder - frame.hip) * 0.6
    joints: dict[Bone, tuple[float, float, float]] = {
        Bone.PELVIS: (0, 0, frame.hip),
        Bone.WAIST: (0, 0, waist),
        Bone.CHEST: (0, 0, chest),
        Bone.HEAD: (0, 0, frame.shoulder + 0.03 * frame.height),
    }
    for arm, thigh, side in (
        (Bone.LEFT_ARM, Bone.LEFT_THIGH, -1),
        (Bone.RIGHT_ARM, Bone.RIGHT_THIGH, 1),
    ):
        joints[arm] = (side * frame.shoulder_width, 0, frame.shoulder - 0.03)
        joints[Bone(arm + 1)] = (side * frame.shoulder_width * 1.08, 0, frame.elbow)
        joints[thigh] = (side * frame.hip_width, 0, frame.hip)
        joints[Bone(thigh + 1)] = (side * frame.hip_width, 0, frame.knee)
        joints[Bone(thigh + 2)] = (side * frame.hip_width, -0.01, 0.08 * frame.height / 1.72)
    return {bone: np.array(place, np.float32) for bone, place in joints.items()}


def stack(
    levels: Sequence[Level],
    colour: Colour,
    sides: int = 12,
    square: float = 2.3,
    texture: Texture = Texture.CLOTH,
) -> Mesh:
    """A skin around level ellipses, closed at both ends.

    Args:
        levels: from the lowest to the highest.
        colour: of all of it.
        sides: corners of each ellipse.
        square: 2 makes ellipses; more makes them squarer, as a chest is.
        texture: of the skin.
    """
    table = np.array(levels, np.float32)
    ends = table[[0, -1]].copy()
    ends[:, 3:] = 0
    table = np.concatenate([ends[:1], table, ends[1:]])
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    # A superellipse: with an exponent over 2 a chest is flatter than an egg.
    across = np.sign(np.cos(turn)) * abs(np.cos(turn)) ** (2 / square)
    along = np.sign(np.sin(turn)) * abs(np.sin(turn)) ** (2 / square)
    x = table[:, :1] + table[:, 3:4] * across
    y = table[:, 1:2] + table[:, 4:5] * along
    z = np.broadcast_to(table[:, 2:3], x.shape)
    paint = Paint(colour, texture, gloss=0.02, metres=0.35)
    return loft(np.stack([x, y, z], -1), paint, around=1.5)


def _ramp(z: Floats, low: float, high: float) -> Floats:
    """0 below, 1 above, smooth between."""
    share = np.clip((z - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def rigid(bone: Bone) -> Weights:
    """All of it moves with one bone."""

    def weigh(points: Floats) -> Floats:
        weights = np.zeros((len(points), len(Bone)), np.float32)
        weights[:, bone] = 1
        return weights

    return weigh


def chain(bones: Sequence[Bone], heights: Sequence[float], soft: float) -> Weights:
    """Bones that follow one another downwards, parting at heights over a soft stretch."""

    def weigh(points: Floats) -> Floats:
        weights = np.zeros((len(points), len(Bone)), np.float32)
        rest = np.ones(len(points), np.float32)
        for bone, height in zip(bones[:-1], heights, strict=True):
            share = rest * _ramp(points[:, 2], height - soft, height + soft)
            weights[:, bone] += share
            rest = rest - share
        weights[:, bones[-1]] += rest
        return weights

    return weigh


def hanging(frame: Frame, stiff: float) -> Weights:
    """Cloth around both legs: the pelvis holds its upper edge, the legs push what hangs lower."""

    def weigh(points: Floats) -> Floats:
        weights = np.zeros((len(points), len(Bone)), np.float32)
        held = stiff + (1 - stiff) * _ramp(points[:, 2], frame.hip - 0.25, frame.hip + 0.06)
        right = _ramp(points[:, 0], -0.10, 0.10)
        low = 1 - _ramp(points[:, 2], frame.knee - 0.12, frame.knee + 0.08)
        weights[:, Bone.PELVIS] = held
        for thigh, share in ((Bone.LEFT_THIGH, 1 - right), (Bone.RIGHT_THIGH, right)):
            weights[:, thigh] = (1 - held) * share * (1 - 0.6 * low)
            weights[:, thigh + 1] = (1 - held) * share * 0.6 * low
        return weights

    return weigh
