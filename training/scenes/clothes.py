"""What is worn over a body: hair, hats, coats and skirts, bags."""

from __future__ import annotations

import numpy as np

from training.scenes.figure import Frame, Level, Part, hanging, rigid, stack
from training.scenes.mesh import Colour, Mesh
from training.scenes.outfit import Outfit
from training.scenes.walk import Bone


def hair(outfit: Outfit, frame: Frame, chin: float, skull: list[Level]) -> list[Part]:
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
    parts: list[Part] = [(stack(shell, outfit.hair_colour, 14), rigid(Bone.HEAD))]
    if outfit.hair == "bun":
        z = chin + 0.75 * size
        bun: list[Level] = [
            (0, -0.45 * size, z - 0.13 * size, 0.08 * size, 0.08 * size),
            (0, -0.47 * size, z, 0.17 * size, 0.15 * size),
            (0, -0.45 * size, z + 0.13 * size, 0.08 * size, 0.08 * size),
        ]
        parts.append((stack(bun, outfit.hair_colour, sides=8), rigid(Bone.HEAD)))
    return parts


def hat(outfit: Outfit, chin: float, size: float, skull: list[Level]) -> list[Part]:
    """A beanie, a cap with its brim, a hood or a headscarf."""
    if outfit.hat == "none":
        return []
    if outfit.hat in ("beanie", "cap"):
        levels: list[Level] = [(x, y, z, rx * 1.12, ry * 1.10) for x, y, z, rx, ry in skull[4:-1]]
        levels.append((0, -0.01, chin + 1.07 * size, 0.14 * size, 0.18 * size))
        parts: list[Part] = [(stack(levels, outfit.hat_colour), rigid(Bone.HEAD))]
        if outfit.hat == "cap":
            brim: list[Level] = [
                (0, 0.50 * size, chin + 0.66 * size, 0.24 * size, 0.24 * size),
                (0, 0.46 * size, chin + 0.71 * size, 0.26 * size, 0.24 * size),
            ]
            parts.append((stack(brim, outfit.hat_colour), rigid(Bone.HEAD)))
        return parts
    # A hood or a headscarf lies on the shoulders and leaves the face free.
    hood: list[Level] = [
        (0, -0.12 * size, chin - 0.28 * size, 0.50 * size, 0.42 * size),
        (0, -0.14 * size, chin - 0.05 * size, 0.38 * size, 0.38 * size),
        *((x, y - 0.14 * size, z, rx * 1.15, ry * 0.98) for x, y, z, rx, ry in skull[2:-1]),
        (0, -0.06 * size, chin + 1.06 * size, 0.18 * size, 0.22 * size),
    ]
    colour = outfit.top_colour if outfit.hat == "hood" else outfit.hat_colour
    return [(stack(hood, colour), rigid(Bone.HEAD))]


def over_clothes(outfit: Outfit, frame: Frame) -> list[Part]:
    """What hangs from waist or hips around both legs: coats, skirts, the hem of a jacket."""
    s, girth = frame.height / 1.72, frame.girth
    hems = {"coat": frame.knee + 0.05 * s, "jacket": frame.hip - 0.12 * s, "dress": frame.knee}
    parts: list[Part] = []
    if outfit.top in hems:
        flare = 1.22 if outfit.top == "dress" else 1.06
        parts.append((_bell(hems[outfit.top], frame, girth, flare, outfit.top_colour),
                      hanging(frame, 0.12)))  # fmt: skip
    if outfit.legs == "skirt" and outfit.top != "dress":
        hem = frame.knee + (0.08 - 0.12 * (outfit.seed % 3)) * s
        parts.append((_bell(hem, frame, girth * 0.97, 1.15, outfit.legs_colour),
                      hanging(frame, 0.1)))  # fmt: skip
    return parts


def _bell(hem: float, frame: Frame, girth: float, flare: float, colour: Colour) -> Mesh:
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
    return stack(levels, colour, sides=16, square=2.4)


def bags(outfit: Outfit, frame: Frame) -> list[Part]:
    """A backpack, a shoulder bag, or a shopping bag in the right hand."""
    s = frame.height / 1.72
    if outfit.bag == "backpack":
        z = frame.hip + 0.08 * s
        levels: list[Level] = [
            (0, -0.19 * s, z, 0.12 * s, 0.07 * s),
            (0, -0.21 * s, z + 0.10 * s, 0.145 * s, 0.095 * s),
            (0, -0.20 * s, z + 0.30 * s, 0.135 * s, 0.08 * s),
            (0, -0.17 * s, z + 0.40 * s, 0.09 * s, 0.05 * s),
        ]
        return [(stack(levels, outfit.bag_colour, square=3), rigid(Bone.CHEST))]
    if outfit.bag == "shoulder":
        side = 1 if outfit.seed % 2 else -1
        x = side * (frame.hip_width + 0.13 * s)
        bag: list[Level] = [
            (x, -0.02, frame.hip - 0.20 * s, 0.05 * s, 0.15 * s),
            (x, -0.02, frame.hip + 0.00 * s, 0.06 * s, 0.15 * s),
            (x * 0.95, -0.02, frame.hip + 0.07 * s, 0.035 * s, 0.13 * s),
        ]
        return [(stack(bag, outfit.bag_colour, square=3.5), rigid(Bone.PELVIS))]
    if outfit.bag == "shopping":
        x, z = frame.shoulder_width * 1.12, frame.wrist - 0.13 * s
        sack: list[Level] = [
            (x, 0.02, z - 0.36 * s, 0.07 * s, 0.13 * s),
            (x, 0.02, z - 0.15 * s, 0.07 * s, 0.15 * s),
            (x, 0.02, z - 0.02 * s, 0.015 * s, 0.05 * s),
        ]
        return [(stack(sack, outfit.bag_colour, square=3), rigid(Bone.RIGHT_FOREARM))]
    return []
