"""A person at rest, as a skin that hangs on bones: made once, bent into every pose.

The resting body stands at the origin, looks along +y and lets its arms hang; +x is its right.
Every part is a stack of level ellipses, which is all that clothed people need at 10 to 200 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.scenes.mesh import Colour, Floats, Mesh, Paint, Texture, joined, loft, recoloured
from training.scenes.outfit import Outfit
from training.scenes.walk import Bone

Level = tuple[float, float, float, float, float]
"""Of an ellipse: x, y, z of its centre, half its width and half its depth."""
Weights = Callable[[Floats], Floats]
"""(N, 3) resting points -> (N, bones) shares of the bones that move them."""


@dataclass(frozen=True, eq=False)
class Body:
    """A skin on bones.

    Attributes:
        mesh: of the resting person.
        weights: (N, bones) float32 whose rows add up to one.
        joints: where the bones turn, (3,) metres each.
        hand: (3,) metres, the right hand at rest.
    """

    mesh: Mesh
    weights: Floats
    joints: dict[Bone, Floats]


@dataclass(frozen=True)
class _Frame:
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


def make_body(outfit: Outfit) -> Body:
    """The person that an outfit describes."""
    frame = _frame(outfit)
    generator = np.random.default_rng(outfit.seed)
    parts = [
        *_trunk(outfit, frame),
        *_legs(outfit, frame),
        *_arms(outfit, frame),
        *_head(outfit, frame),
        *_over_clothes(outfit, frame),
        *_bags(outfit, frame),
    ]
    meshes, weights = [], []
    for mesh, weigh in parts:
        meshes.append(_creased(mesh, generator))
        weights.append(weigh(mesh.positions))
    return Body(joined(meshes), np.concatenate(weights).astype(np.float32), _joints(frame))


Part = tuple[Mesh, Weights]


def _frame(outfit: Outfit) -> _Frame:
    height, child = outfit.height_m, outfit.child
    head = height * (0.130 + 0.045 * child)
    shoulder = height - head - height * 0.055
    hip = shoulder * (0.625 - 0.04 * child)
    slim = outfit.build * (height / 1.72) * (1 + 0.10 * child)
    return _Frame(
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


def _joints(frame: _Frame) -> dict[Bone, Floats]:
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


def _stack(
    levels: Sequence[Level],
    colour: Colour,
    sides: int = 12,
    square: float = 2.3,
    texture: Texture = Texture.CLOTH,
) -> Mesh:
    """A skin around level ellipses, from the lowest to the highest, closed at both ends."""
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


def _rigid(bone: Bone) -> Weights:
    def weigh(points: Floats) -> Floats:
        weights = np.zeros((len(points), len(Bone)), np.float32)
        weights[:, bone] = 1
        return weights

    return weigh


def _chain(bones: Sequence[Bone], heights: Sequence[float], soft: float) -> Weights:
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


def _hanging(frame: _Frame, stiff: float) -> Weights:
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


def _trunk(outfit: Outfit, frame: _Frame) -> list[Part]:
    """Hips to collar; the top's colour, with the inner one where a jacket is open."""
    s, girth = frame.height / 1.72, frame.girth
    low, high = frame.hip, frame.shoulder
    belly = 0.02 * max(outfit.build - 1, 0) * 4
    span = high - low
    width = frame.shoulder_width
    padding = 0.012 if outfit.top in ("jacket", "coat") else 0.0
    levels: list[Level] = [
        (0, 0, low - 0.09 * s, 0.095 * girth, 0.085 * girth),
        (0, -0.012, low - 0.02, 0.158 * girth, 0.112 * girth),
        (0, -0.005, low + 0.08 * s, 0.160 * girth + padding, 0.112 * girth + belly / 2),
        (0, belly / 2, low + 0.34 * span, 0.143 * girth + padding, 0.105 * girth + belly),
        (0, 0.01, low + 0.60 * span, 0.162 * girth + padding, 0.118 * girth + padding),
        (0, 0.005, low + 0.80 * span, 1.00 * width + padding, 0.118 * girth + padding),
        (0, -0.003, high - 0.035 * s, 1.00 * width + padding, 0.098 * girth),
        (0, -0.008, high + 0.002 * s, 0.84 * width, 0.080 * girth),
        (0, -0.010, high + 0.030 * s, 0.50 * width, 0.070 * s),
        (0, -0.005, high + 0.055 * s, 0.062 * s, 0.064 * s),
    ]
    mesh = _stack(levels, outfit.top_colour, sides=16, square=2.5)
    points = mesh.positions
    hem = low + 0.02 if outfit.top == "shirt" else -1.0
    below = points[:, 2] < hem
    colours = np.where(below[:, None], outfit.legs_colour, outfit.top_colour)
    if outfit.top in ("jacket", "coat"):
        opened = (abs(points[:, 0]) < 0.035 + 0.02 * (outfit.seed % 3)) & (points[:, 1] > 0) & ~below
        if outfit.seed % 2:
            colours = np.where(opened[:, None], outfit.inner_colour, colours)
    weights = _chain(
        (Bone.CHEST, Bone.WAIST, Bone.PELVIS), (low + 0.6 * span, low + 0.3 * span), 0.09
    )
    return [(recoloured(mesh, colours), weights), *_neck(outfit, frame)]


def _neck(outfit: Outfit, frame: _Frame) -> list[Part]:
    s = frame.height / 1.72
    levels: list[Level] = [
        (0, -0.008, frame.shoulder, 0.056 * s, 0.060 * s),
        (0, 0.004, frame.shoulder + 0.05 * s, 0.050 * s, 0.055 * s),
        (0, 0.012, frame.shoulder + 0.11 * s, 0.050 * s, 0.056 * s),
    ]
    collar = outfit.skin
    if outfit.top in ("jacket", "coat"):
        collar = outfit.top_colour if outfit.seed % 3 else outfit.hat_colour
        levels[1] = (0, 0.0, frame.shoulder + 0.055 * s, 0.066 * s, 0.072 * s)
    mesh = _stack(levels, outfit.skin, texture=Texture.PLAIN)
    low = mesh.positions[:, 2] < frame.shoulder + 0.07 * s
    return [(recoloured(mesh, np.where(low[:, None], collar, outfit.skin)), _rigid(Bone.CHEST))]


def _legs(outfit: Outfit, frame: _Frame) -> list[Part]:
    """Two legs and two shoes."""
    s, girth = frame.height / 1.72, frame.girth
    loose = {"trousers": 1.12, "shorts": 1.1, "skirt": 0.95, "leggings": 0.95}[outfit.legs]
    bare = outfit.legs in ("shorts", "skirt") or outfit.top == "dress"
    lower = outfit.skin if bare and outfit.seed % 3 else outfit.legs_colour
    cuff = 0.058 if outfit.legs == "trousers" else 0.042
    parts: list[Part] = []
    for thigh, side in ((Bone.LEFT_THIGH, -1), (Bone.RIGHT_THIGH, 1)):
        x = side * frame.hip_width
        levels: list[Level] = [
            (x, -0.008, 0.085 * s, cuff * s * loose, (cuff + 0.006) * s * loose),
            (x, -0.014, 0.50 * frame.knee, 0.054 * girth * loose, 0.060 * girth * loose),
            (x, -0.018, 0.72 * frame.knee, 0.060 * girth * loose, 0.068 * girth * loose),
            (x, -0.002, frame.knee, 0.058 * girth * loose, 0.064 * girth * loose),
            (x, 0.004, frame.knee + 0.14 * s, 0.070 * girth * loose, 0.077 * girth * loose),
            (x, 0.002, frame.hip - 0.10 * s, 0.084 * girth, 0.096 * girth),
            (x * 0.95, -0.004, frame.hip + 0.01, 0.080 * girth, 0.100 * girth),
        ]
        mesh = _stack(levels, outfit.legs_colour)
        short = mesh.positions[:, 2] < frame.knee + 0.06 * s
        colours = np.where(short[:, None] & bare, lower, outfit.legs_colour)
        bones = (Bone.PELVIS, thigh, Bone(thigh + 1))
        weights = _chain(bones, (frame.hip - 0.02, frame.knee), 0.06 * s)
        parts.append((recoloured(mesh, colours), weights))
        parts.append((_shoe(outfit, x, s), _rigid(Bone(thigh + 2))))
    return parts


def _shoe(outfit: Outfit, x: float, s: float) -> Mesh:
    levels: list[Level] = [
        (x, 0.055 * s, 0.0, 0.046 * s, 0.135 * s),
        (x, 0.055 * s, 0.03 * s, 0.047 * s, 0.135 * s),
        (x, 0.035 * s, 0.06 * s, 0.043 * s, 0.105 * s),
        (x, -0.005 * s, 0.09 * s, 0.040 * s, 0.058 * s),
        (x, -0.012 * s, 0.13 * s, 0.042 * s, 0.048 * s),
    ]
    return _stack(levels, outfit.shoes_colour, sides=10)


def _arms(outfit: Outfit, frame: _Frame) -> list[Part]:
    """Sleeves and hands."""
    s, girth = frame.height / 1.72, frame.girth
    loose = 1.18 if outfit.top in ("jacket", "coat") else 1.0
    bare = outfit.top in ("shirt", "dress") and outfit.seed % 2 == 0
    parts: list[Part] = []
    for arm, side in ((Bone.LEFT_ARM, -1), (Bone.RIGHT_ARM, 1)):
        x = side * frame.shoulder_width
        levels: list[Level] = [
            (x * 1.10, 0.018, frame.wrist - 0.125 * s, 0.017 * s, 0.030 * s),
            (x * 1.10, 0.014, frame.wrist - 0.09 * s, 0.024 * s, 0.044 * s),
            (x * 1.10, 0.006, frame.wrist - 0.04 * s, 0.026 * s, 0.046 * s),
            (x * 1.09, 0.0, frame.wrist, 0.030 * s * loose, 0.034 * s * loose),
            (x * 1.09, 0.0, frame.elbow - 0.08 * s, 0.043 * girth * loose, 0.046 * girth * loose),
            (x * 1.08, -0.004, frame.elbow, 0.043 * girth * loose, 0.046 * girth * loose),
            (x * 1.06, 0.0, frame.elbow + 0.13 * s, 0.050 * girth * loose, 0.055 * girth * loose),
            (x * 1.03, 0.0, frame.shoulder - 0.075 * s, 0.054 * girth * loose, 0.062 * girth),
            (x * 0.99, 0.0, frame.shoulder - 0.035 * s, 0.048 * girth, 0.058 * girth),
            (x * 0.88, -0.004, frame.shoulder - 0.010 * s, 0.040 * girth, 0.050 * girth),
        ]
        mesh = _stack(levels, outfit.top_colour, sides=10, square=2.1)
        z = mesh.positions[:, 2]
        skin = (z < frame.wrist - 0.01) | (bare & (z < frame.elbow + 0.05))
        colours = np.where(skin[:, None], outfit.skin, outfit.top_colour)
        bones = (Bone.CHEST, arm, Bone(arm + 1))
        weights = _chain(bones, (frame.shoulder + 0.0, frame.elbow), 0.045 * s)
        parts.append((recoloured(mesh, colours), weights))
    return parts


def _head(outfit: Outfit, frame: _Frame) -> list[Part]:
    """Skull, face, hair and hat."""
    top, size = frame.height, frame.head
    chin = top - size * 1.0
    # Half width and half depth of a head, by share of the way from chin to crown.
    shape = (
        (0.00, 0.035, 0.20, 0.18), (0.10, 0.030, 0.27, 0.30), (0.25, 0.020, 0.315, 0.37),
        (0.45, 0.008, 0.345, 0.415), (0.62, 0.000, 0.350, 0.430), (0.80, -0.008, 0.315, 0.395),
        (0.92, -0.010, 0.225, 0.290), (1.00, -0.010, 0.09, 0.12),
    )  # fmt: skip
    levels: list[Level] = [
        (0, 0.02 + y * size / 0.225, chin + share * size, rx * size, ry * size)
        for share, y, rx, ry in shape
    ]
    mesh = _stack(levels, outfit.skin, 16, 2.1, Texture.PLAIN)
    points = mesh.positions
    share = (points[:, 2] - chin) / size
    forward = (points[:, 1] - 0.02) / (0.43 * size)
    hairline = np.where(share > 0.55, 0.10 + (share - 0.55) * 2.4, 0.05)
    haired = (share > 0.28) & (forward < hairline) & (outfit.hair != "bald")
    colours = np.where(haired[:, None], outfit.hair_colour, outfit.skin)
    parts: list[Part] = [(recoloured(mesh, colours), _rigid(Bone.HEAD))]
    parts += _hair(outfit, frame, chin, levels)
    parts += _hat(outfit, chin, size, levels)
    return parts


def _hair(outfit: Outfit, frame: _Frame, chin: float, skull: list[Level]) -> list[Part]:
    """What stands off the skull: a shell over it, longer hair, a bun."""
    size = frame.head
    if outfit.hair == "bald" or outfit.hat in ("hood", "scarf"):
        return []
    shell: list[Level] = [
        (x, y - 0.16 * size, z, rx * 1.07, ry * 0.90) for x, y, z, rx, ry in skull[3:-1]
    ]
    shell.append((0, -0.02 * size, chin + 1.03 * size, 0.16 * size, 0.20 * size))
    if outfit.hair == "long":
        drop = chin - size * (0.15 + 0.1 * (outfit.seed % 4))
        shell = [
            (0, -0.20 * size, drop, 0.26 * size, 0.14 * size),
            (0, -0.20 * size, chin + 0.15 * size, 0.36 * size, 0.24 * size),
            *shell,
        ]
    parts: list[Part] = [(_stack(shell, outfit.hair_colour, 14), _rigid(Bone.HEAD))]
    if outfit.hair == "bun":
        z = chin + 0.75 * size
        bun: list[Level] = [
            (0, -0.45 * size, z - 0.13 * size, 0.08 * size, 0.08 * size),
            (0, -0.47 * size, z, 0.17 * size, 0.15 * size),
            (0, -0.45 * size, z + 0.13 * size, 0.08 * size, 0.08 * size),
        ]
        parts.append((_stack(bun, outfit.hair_colour, sides=8), _rigid(Bone.HEAD)))
    return parts


def _hat(outfit: Outfit, chin: float, size: float, skull: list[Level]) -> list[Part]:
    if outfit.hat == "none":
        return []
    if outfit.hat in ("beanie", "cap"):
        levels: list[Level] = [(x, y, z, rx * 1.12, ry * 1.10) for x, y, z, rx, ry in skull[4:-1]]
        levels.append((0, -0.01, chin + 1.07 * size, 0.14 * size, 0.18 * size))
        parts: list[Part] = [(_stack(levels, outfit.hat_colour), _rigid(Bone.HEAD))]
        if outfit.hat == "cap":
            brim: list[Level] = [
                (0, 0.50 * size, chin + 0.66 * size, 0.24 * size, 0.24 * size),
                (0, 0.46 * size, chin + 0.71 * size, 0.26 * size, 0.24 * size),
            ]
            parts.append((_stack(brim, outfit.hat_colour), _rigid(Bone.HEAD)))
        return parts
    # A hood or a headscarf lies on the shoulders and leaves the face free.
    hood: list[Level] = [
        (0, -0.12 * size, chin - 0.28 * size, 0.50 * size, 0.42 * size),
        (0, -0.14 * size, chin - 0.05 * size, 0.38 * size, 0.38 * size),
        *((x, y - 0.14 * size, z, rx * 1.15, ry * 0.98) for x, y, z, rx, ry in skull[2:-1]),
        (0, -0.06 * size, chin + 1.06 * size, 0.18 * size, 0.22 * size),
    ]
    colour = outfit.top_colour if outfit.hat == "hood" else outfit.hat_colour
    return [(_stack(hood, colour), _rigid(Bone.HEAD))]


def _over_clothes(outfit: Outfit, frame: _Frame) -> list[Part]:
    """What hangs from waist or hips around both legs: coats, skirts, the hem of a jacket."""
    s, girth = frame.height / 1.72, frame.girth
    hems = {"coat": frame.knee + 0.05 * s, "jacket": frame.hip - 0.12 * s, "dress": frame.knee}
    parts: list[Part] = []
    if outfit.top in hems:
        flare = 1.22 if outfit.top == "dress" else 1.06
        parts.append((_bell(hems[outfit.top], frame, girth, flare, outfit.top_colour),
                      _hanging(frame, 0.12)))  # fmt: skip
    if outfit.legs == "skirt" and outfit.top != "dress":
        hem = frame.knee + (0.08 - 0.12 * (outfit.seed % 3)) * s
        parts.append((_bell(hem, frame, girth * 0.97, 1.15, outfit.legs_colour),
                      _hanging(frame, 0.1)))  # fmt: skip
    return parts


def _bell(hem: float, frame: _Frame, girth: float, flare: float, colour: Colour) -> Mesh:
    top = frame.hip + 0.16 * frame.height / 1.72
    shares = np.linspace(0, 1, 6)
    levels: list[Level] = [
        (
            0.0,
            0.0,
            float(hem + (top - hem) * share),
            float(0.180 * girth * (flare + (1 - flare) * share)),
            float(0.134 * girth * (flare + (1 - flare) * share)),
        )
        for share in shares
    ]
    levels[-1] = (0, 0, top, 0.163 * girth, 0.118 * girth)
    return _stack(levels, colour, sides=16, square=2.4)


def _bags(outfit: Outfit, frame: _Frame) -> list[Part]:
    s = frame.height / 1.72
    if outfit.bag == "backpack":
        z = frame.hip + 0.08 * s
        levels: list[Level] = [
            (0, -0.19 * s, z, 0.12 * s, 0.07 * s),
            (0, -0.21 * s, z + 0.10 * s, 0.145 * s, 0.095 * s),
            (0, -0.20 * s, z + 0.30 * s, 0.135 * s, 0.08 * s),
            (0, -0.17 * s, z + 0.40 * s, 0.09 * s, 0.05 * s),
        ]
        return [(_stack(levels, outfit.bag_colour, square=3), _rigid(Bone.CHEST))]
    if outfit.bag == "shoulder":
        side = 1 if outfit.seed % 2 else -1
        x = side * (frame.hip_width + 0.13 * s)
        bag: list[Level] = [
            (x, -0.02, frame.hip - 0.20 * s, 0.05 * s, 0.15 * s),
            (x, -0.02, frame.hip + 0.00 * s, 0.06 * s, 0.15 * s),
            (x * 0.95, -0.02, frame.hip + 0.07 * s, 0.035 * s, 0.13 * s),
        ]
        return [(_stack(bag, outfit.bag_colour, square=3.5), _rigid(Bone.PELVIS))]
    if outfit.bag == "shopping":
        x, z = frame.shoulder_width * 1.12, frame.wrist - 0.13 * s
        sack: list[Level] = [
            (x, 0.02, z - 0.36 * s, 0.07 * s, 0.13 * s),
            (x, 0.02, z - 0.15 * s, 0.07 * s, 0.15 * s),
            (x, 0.02, z - 0.02 * s, 0.015 * s, 0.05 * s),
        ]
        return [(_stack(sack, outfit.bag_colour, square=3), _rigid(Bone.RIGHT_FOREARM))]
    return []


def _creased(mesh: Mesh, generator: np.random.Generator) -> Mesh:
    """Cloth is not smooth: normals wander a little, so that light breaks into folds."""
    points = mesh.positions
    vertices = mesh.vertices.copy()
    wave = np.zeros((len(points), 3), np.float32)
    for _ in range(3):
        direction = generator.normal(0, 1, 3) * (14, 14, 22)
        wave += np.sin(points @ direction + generator.uniform(0, 6.3))[:, None] * generator.normal(
            0, 0.13, 3
        )
    normal = vertices["normal"] + wave.astype(np.float32)
    vertices["normal"] = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    return Mesh(vertices, mesh.triangles)


def posed(body: Body, matrices: Floats) -> tuple[Floats, Floats]:
    """Positions and normals, (N, 3) each, of a body whose bones were moved by (bones, 4, 4)."""
    flat: NDArray[np.float32] = body.weights @ matrices[:, :3].reshape(len(Bone), 12)
    blend = flat.reshape(-1, 3, 4)
    points = body.mesh.positions
    positions = np.einsum("nij,nj->ni", blend[:, :, :3], points) + blend[:, :, 3]
    normals = np.einsum("nij,nj->ni", blend[:, :, :3], body.mesh.vertices["normal"])
    return positions.astype(np.float32), normals.astype(np.float32)
