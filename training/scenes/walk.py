"""How people move: angles of the joints through a step, and of people who stand, push or ride.

Angles are radians about the body's right-to-left axis unless said otherwise; positive swings a limb
forwards. The curves follow what gait laboratories publish, in a few points each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from training.scenes.mesh import Floats


class Bone(IntEnum):
    """Parts of the body that turn; a parent comes before its children."""

    PELVIS = 0
    WAIST = 1
    CHEST = 2
    HEAD = 3
    LEFT_ARM = 4
    LEFT_FOREARM = 5
    RIGHT_ARM = 6
    RIGHT_FOREARM = 7
    LEFT_THIGH = 8
    LEFT_SHIN = 9
    LEFT_FOOT = 10
    RIGHT_THIGH = 11
    RIGHT_SHIN = 12
    RIGHT_FOOT = 13


PARENT = {
    Bone.WAIST: Bone.PELVIS,
    Bone.CHEST: Bone.WAIST,
    Bone.HEAD: Bone.CHEST,
    Bone.LEFT_ARM: Bone.CHEST,
    Bone.LEFT_FOREARM: Bone.LEFT_ARM,
    Bone.RIGHT_ARM: Bone.CHEST,
    Bone.RIGHT_FOREARM: Bone.RIGHT_ARM,
    Bone.LEFT_THIGH: Bone.PELVIS,
    Bone.LEFT_SHIN: Bone.LEFT_THIGH,
    Bone.LEFT_FOOT: Bone.LEFT_SHIN,
    Bone.RIGHT_THIGH: Bone.PELVIS,
    Bone.RIGHT_SHIN: Bone.RIGHT_THIGH,
    Bone.RIGHT_FOOT: Bone.RIGHT_SHIN,
}


@dataclass(frozen=True)
class Pose:
    """(swing, spread, twist) in radians of each bone that is turned.

    Swing is forwards about the left-right axis, spread outwards to the body's left about the
    front-back axis, twist counter-clockwise about the vertical.
    """

    angles: dict[Bone, tuple[float, float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Habit:
    """How one person carries themselves.

    Attributes:
        vigour: scale of the swing of arms and legs.
        lean: of the trunk, radians forwards.
        left_hand, right_hand: `swing`, `pocket`, `phone`, `carry`, `push` or `umbrella`.
        toes_out: radians.
        head_turn: radians to the left.
    """

    vigour: float = 1.0
    lean: float = 0.04
    left_hand: str = "swing"
    right_hand: str = "swing"
    toes_out: float = 0.1
    head_turn: float = 0.0


_SHARE = np.array([0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.73, 0.85, 0.97])
_HIP = np.radians([26, 20, 6, -4, -10, -4, 14, 26, 27])
_KNEE = np.radians([5, 18, 9, 5, 12, 38, 60, 34, 4])
_ANKLE = np.radians([0, -3, 6, 10, 6, -17, -4, 0, 0])
_ARM_SWING = 0.38
_HANDS: dict[str, tuple[tuple[float, float, float], float]] = {
    "pocket": ((-0.25, 0.22, 0.0), 0.75),
    "phone": ((0.35, 0.10, 0.35), 1.95),
    "carry": ((0.02, 0.10, 0.0), 0.12),
    "push": ((0.62, 0.05, 0.0), 0.75),
    "umbrella": ((0.42, 0.02, 0.3), 1.9),
}
"""Of the left arm: angles of the upper arm, and the bend of the elbow."""


def walking(phase: float, habit: Habit) -> Pose:
    """The pose at a phase of the double step, 0 to 1; at 0 the left heel meets the ground."""
    angles: dict[Bone, tuple[float, float, float]] = {}
    vigour = habit.vigour
    for thigh, shift, side in ((Bone.LEFT_THIGH, 0.0, 1), (Bone.RIGHT_THIGH, 0.5, -1)):
        share = (phase + shift) % 1
        angles[thigh] = (_curve(share, _HIP) * vigour, 0.02 * side, habit.toes_out * side)
        angles[Bone(thigh + 1)] = (-_curve(share, _KNEE) * (0.4 + 0.6 * vigour), 0, 0)
        angles[Bone(thigh + 2)] = (_curve(share, _ANKLE), 0, 0)
    swing = float(np.cos(2 * np.pi * phase)) * vigour
    angles[Bone.PELVIS] = (0, 0.02 * float(np.sin(2 * np.pi * phase)), -0.09 * swing)
    angles[Bone.WAIST] = (-habit.lean / 2, 0, 0.09 * swing)
    angles[Bone.CHEST] = (-habit.lean / 2, 0, 0.10 * swing)
    angles[Bone.HEAD] = (habit.lean * 0.6, 0, habit.head_turn - 0.10 * swing)
    _arms(angles, habit, -swing)
    return Pose(angles)


def standing(sway: float, habit: Habit) -> Pose:
    """A pose at rest: the weight on one leg; `sway` from -1 to 1 says which and how much."""
    angles: dict[Bone, tuple[float, float, float]] = {
        Bone.PELVIS: (0, 0.05 * sway, 0.1 * sway),
        Bone.WAIST: (-habit.lean / 2, -0.05 * sway, 0),
        Bone.CHEST: (-habit.lean / 2, 0, -0.06 * sway),
        Bone.HEAD: (-0.05, 0, habit.head_turn),
    }
    for thigh, side in ((Bone.LEFT_THIGH, 1), (Bone.RIGHT_THIGH, -1)):
        bend = max(0.0, side * sway) * 0.28
        angles[thigh] = (bend * 0.8, 0.05 * side, habit.toes_out * 2 * side)
        angles[Bone(thigh + 1)] = (-bend * 1.5, 0, 0)
        angles[Bone(thigh + 2)] = (bend * 0.7, 0, 0)
    _arms(angles, habit, 0.12 * sway)
    return Pose(angles)


def riding(turn: float) -> Pose:
    """A cyclist's pose; `turn` is the angle of the left crank, 0 at the top."""
    angles: dict[Bone, tuple[float, float, float]] = {
        Bone.WAIST: (-0.30, 0, 0),
        Bone.CHEST: (-0.30, 0, 0),
        Bone.HEAD: (0.5, 0, 0),
    }
    for thigh, shift in ((Bone.LEFT_THIGH, 0.0), (Bone.RIGHT_THIGH, np.pi)):
        up = float(np.cos(turn + shift))
        forward = float(np.sin(turn + shift))
        angles[thigh] = (0.85 + 0.38 * up + 0.08 * forward, 0, 0)
        angles[Bone(thigh + 1)] = (-0.95 - 0.45 * up + 0.2 * forward, 0, 0)
        angles[Bone(thigh + 2)] = (0.1, 0, 0)
    for arm in (Bone.LEFT_ARM, Bone.RIGHT_ARM):
        angles[arm] = (1.35, 0, 0)
        angles[Bone(arm + 1)] = (0.25, 0, 0)
    return Pose(angles)


def _arms(angles: dict[Bone, tuple[float, float, float]], habit: Habit, swing: float) -> None:
    """Both arms: swinging against the legs, or as the hands are busy."""
    sides = ((Bone.LEFT_ARM, habit.left_hand, 1), (Bone.RIGHT_ARM, habit.right_hand, -1))
    for arm, hand, side in sides:
        if hand == "swing":
            lift = _ARM_SWING * swing * side
            angles[arm] = (lift - 0.02, 0.09 * side, 0)
            angles[Bone(arm + 1)] = (0.28 + max(lift, 0) * 0.8, 0, 0)
        else:
            (forward, out, twist), bend = _HANDS[hand]
            angles[arm] = (forward + 0.04 * swing * side, out * side, -twist * side)
            angles[Bone(arm + 1)] = (bend, 0, 0)


def _curve(share: float, values: Floats) -> float:
    return float(np.interp(share, _SHARE, values, period=1))


def bone_matrices(pose: Pose, joints: dict[Bone, Floats]) -> Floats:
    """(bones, 4, 4) that move points of the resting body into the pose.

    Args:
        pose: the angles.
        joints: (3,) metres, where each bone turns in the resting body.
    """
    matrices = np.tile(np.eye(4, dtype=np.float32), (len(Bone), 1, 1))
    for bone in Bone:
        turn = _rotation(*pose.angles.get(bone, (0.0, 0.0, 0.0)))
        local = np.eye(4, dtype=np.float32)
        local[:3, :3] = turn
        local[:3, 3] = joints[bone] - turn @ joints[bone]
        parent = PARENT.get(bone)
        matrices[bone] = local if parent is None else matrices[parent] @ local
    return matrices


def _rotation(swing: float, spread: float, twist: float) -> Floats:
    """Twist, then spread, then swing. The body looks along +y, its left is -x."""
    cx, sx = np.cos(swing), np.sin(swing)
    cy, sy = np.cos(spread), np.sin(spread)
    cz, sz = np.cos(twist), np.sin(twist)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z, np.float32)
