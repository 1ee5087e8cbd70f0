"""A person at rest, as a skin that hangs on bones: made once, bent into every pose.

The resting body stands at the origin, looks along +y and lets its arms hang; +x is its right.
Every part is a stack of level ellipses, which is all that clothed people need at 10 to 200 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.scenes.clothes import bags, hair, hat, over_clothes
from training.scenes.figure import Frame, Level, Part, chain, joints_of, proportions, rigid, stack
from training.scenes.mesh import Floats, Mesh, Texture, joined, recoloured
from training.scenes.outfit import Outfit
from training.scenes.walk import Bone


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


def make_body(outfit: Outfit) -> Body:
    """The person that an outfit describes."""
    frame = proportions(outfit)
    generator = np.random.default_rng(outfit.seed)
    parts = [
        *_trunk(outfit, frame),
        *_legs(outfit, frame),
        *_arms(outfit, frame),
        *_head(outfit, frame),
        *over_clothes(outfit, frame),
        *bags(outfit, frame),
    ]
    meshes, weights = [], []
    for mesh, weigh in parts:
        meshes.append(_creased(mesh, generator))
        weights.append(weigh(mesh.positions))
    return Body(joined(meshes), np.concatenate(weights).astype(np.float32), joints_of(frame))


def _trunk(outfit: Outfit, frame: Frame) -> list[Part]:
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
    mesh = stack(levels, outfit.top_colour, sides=16, square=2.5)
    points = mesh.positions
    hem = low + 0.02 if outfit.top == "shirt" else -1.0
    below = points[:, 2] < hem
    colours = np.where(below[:, None], outfit.legs_colour, outfit.top_colour)
    if outfit.top in ("jacket", "coat"):
        opened = (
            (abs(points[:, 0]) < 0.035 + 0.02 * (outfit.seed % 3)) & (points[:, 1] > 0) & ~below
        )
        if outfit.seed % 2:
            colours = np.where(opened[:, None], outfit.inner_colour, colours)
    weights = chain(
        (Bone.CHEST, Bone.WAIST, Bone.PELVIS), (low + 0.6 * span, low + 0.3 * span), 0.09
    )
    return [(recoloured(mesh, colours), weights), *_neck(outfit, frame)]


def _neck(outfit: Outfit, frame: Frame) -> list[Part]:
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
    mesh = stack(levels, outfit.skin, texture=Texture.PLAIN)
    low = mesh.positions[:, 2] < frame.shoulder + 0.07 * s
    return [(recoloured(mesh, np.where(low[:, None], collar, outfit.skin)), rigid(Bone.CHEST))]


def _legs(outfit: Outfit, frame: Frame) -> list[Part]:
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
        mesh = stack(levels, outfit.legs_colour)
        short = mesh.positions[:, 2] < frame.knee + 0.06 * s
        colours = np.where(short[:, None] & bare, lower, outfit.legs_colour)
        bones = (Bone.PELVIS, thigh, Bone(thigh + 1))
        weights = chain(bones, (frame.hip - 0.02, frame.knee), 0.06 * s)
        parts.append((recoloured(mesh, colours), weights))
        parts.append((_shoe(outfit, x, s), rigid(Bone(thigh + 2))))
    return parts


def _shoe(outfit: Outfit, x: float, s: float) -> Mesh:
    levels: list[Level] = [
        (x, 0.055 * s, 0.0, 0.046 * s, 0.135 * s),
        (x, 0.055 * s, 0.03 * s, 0.047 * s, 0.135 * s),
        (x, 0.035 * s, 0.06 * s, 0.043 * s, 0.105 * s),
        (x, -0.005 * s, 0.09 * s, 0.040 * s, 0.058 * s),
        (x, -0.012 * s, 0.13 * s, 0.042 * s, 0.048 * s),
    ]
    return stack(levels, outfit.shoes_colour, sides=10)


def _arms(outfit: Outfit, frame: Frame) -> list[Part]:
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
        mesh = stack(levels, outfit.top_colour, sides=10, square=2.1)
        z = mesh.positions[:, 2]
        skin = (z < frame.wrist - 0.01) | (bare & (z < frame.elbow + 0.05))
        colours = np.where(skin[:, None], outfit.skin, outfit.top_colour)
        bones = (Bone.CHEST, arm, Bone(arm + 1))
        weights = chain(bones, (frame.shoulder + 0.0, frame.elbow), 0.045 * s)
        parts.append((recoloured(mesh, colours), weights))
    return parts


def _head(outfit: Outfit, frame: Frame) -> list[Part]:
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
    mesh = stack(levels, outfit.skin, 16, 2.1, Texture.PLAIN)
    points = mesh.positions
    share = (points[:, 2] - chin) / size
    forward = (points[:, 1] - 0.02) / (0.43 * size)
    hairline = np.where(share > 0.55, 0.10 + (share - 0.55) * 2.4, 0.05)
    haired = (share > 0.28) & (forward < hairline) & (outfit.hair != "bald")
    colours = np.where(haired[:, None], outfit.hair_colour, outfit.skin)
    parts: list[Part] = [(recoloured(mesh, colours), rigid(Bone.HEAD))]
    parts += hair(outfit, frame, chin, levels)
    parts += hat(outfit, chin, size, levels)
    return parts


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
