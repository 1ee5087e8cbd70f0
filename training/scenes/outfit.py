"""Who a person is: height, build, clothes and what they carry; drawn by chance.

Colours are muted, as in a street in autumn: most coats are dark, few are bright.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.mesh import Colour

_SKIN: tuple[Colour, ...] = (
    (0.93, 0.76, 0.66), (0.87, 0.68, 0.56), (0.80, 0.60, 0.47), (0.66, 0.46, 0.34),
    (0.47, 0.31, 0.23), (0.33, 0.22, 0.17),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (0.07, 0.06, 0.05), (0.13, 0.09, 0.06), (0.26, 0.17, 0.10), (0.40, 0.28, 0.16),
    (0.58, 0.46, 0.28), (0.62, 0.60, 0.57), (0.35, 0.34, 0.33),
)  # fmt: skip
_DARK: tuple[Colour, ...] = (
    (0.08, 0.08, 0.09), (0.12, 0.13, 0.17), (0.17, 0.17, 0.19), (0.13, 0.16, 0.25),
    (0.22, 0.19, 0.16), (0.20, 0.22, 0.17), (0.28, 0.27, 0.27), (0.24, 0.13, 0.14),
)  # fmt: skip
_MEDIUM: tuple[Colour, ...] = (
    (0.45, 0.42, 0.38), (0.52, 0.44, 0.34), (0.30, 0.36, 0.46), (0.36, 0.42, 0.34),
    (0.56, 0.55, 0.53), (0.46, 0.24, 0.22), (0.24, 0.31, 0.42), (0.62, 0.57, 0.48),
)  # fmt: skip
_BRIGHT: tuple[Colour, ...] = (
    (0.72, 0.15, 0.14), (0.15, 0.30, 0.62), (0.85, 0.83, 0.80), (0.78, 0.55, 0.16),
    (0.20, 0.48, 0.34), (0.66, 0.36, 0.50), (0.82, 0.80, 0.74), (0.86, 0.45, 0.12),
)  # fmt: skip
_DENIM: tuple[Colour, ...] = ((0.20, 0.27, 0.40), (0.14, 0.19, 0.30), (0.34, 0.42, 0.54))
_HIGH_VISIBILITY: Colour = (0.80, 0.92, 0.15)


@dataclass(frozen=True)
class Outfit:
    """A person's looks.

    Attributes:
        height_m: from sole to crown, without hair and hat.
        build: girth against the ordinary, 0.85 to 1.3.
        child: 0 for adults to 1 for small children: a larger head on shorter limbs.
        top, top_colour, inner_colour: `shirt`, `jacket` (to the hip, open), `coat` (to the knee)
            or `dress`.
        legs, legs_colour: `trousers`, `shorts`, `skirt` or `leggings`.
        hair, hair_colour: `short`, `long`, `bun`, `bald`.
        hat, hat_colour: `none`, `beanie`, `cap`, `hood` or `scarf` (over the head).
        bag, bag_colour: `none`, `backpack`, `shoulder` or `shopping`.
    """

    height_m: float
    build: float
    child: float
    skin: Colour
    hair: str
    hair_colour: Colour
    top: str
    top_colour: Colour
    inner_colour: Colour
    legs: str
    legs_colour: Colour
    shoes_colour: Colour
    hat: str
    hat_colour: Colour
    bag: str
    bag_colour: Colour
    seed: int


def draw_outfit(generator: np.random.Generator, cold: bool = True) -> Outfit:
    """Anybody; `cold` weather brings coats and hats."""
    child = float(generator.uniform(0.4, 1.0)) if generator.random() < 0.12 else 0.0
    woman = generator.random() < 0.5
    adult = generator.normal(1.65, 0.06) if woman else generator.normal(1.77, 0.07)
    top = (
        _pick(generator, {"jacket": 0.5, "coat": 0.25, "shirt": 0.25})
        if cold
        else _pick(generator, {"shirt": 0.7, "jacket": 0.2, "dress": 0.1 * woman})
    )
    legs = _pick(
        generator,
        {
            "trousers": 0.75,
            "leggings": 0.15 * woman,
            "skirt": 0.14 * woman,
            "shorts": 0.15 * (not cold),
        },
    )
    bright = 0.09 + 0.25 * (child > 0) + 0.15 * (not cold)
    high_visibility = generator.random() < 0.03
    return Outfit(
        height_m=float(np.clip(adult, 1.48, 1.98) * (1 - 0.38 * child)),
        build=float(np.clip(generator.normal(1.02, 0.12), 0.84, 1.35)),
        child=child,
        skin=_shade(generator, _SKIN, (0.25, 0.25, 0.2, 0.12, 0.1, 0.08)),
        hair=_pick(generator, {"short": 0.3 + 0.5 * (not woman), "long": 0.5 * woman,
                               "bun": 0.2 * woman, "bald": 0.1 * (not woman and not child)}),
        hair_colour=_shade(generator, _HAIR),
        top=top,
        top_colour=_HIGH_VISIBILITY if high_visibility else _cloth(generator, bright),
        inner_colour=_cloth(generator, 0.5),
        legs=legs,
        legs_colour=_shade(generator, _DENIM) if generator.random() < 0.4 else _cloth(generator, 0),
        shoes_colour=_shoes(generator),
        hat=_pick(generator, {"none": 0.6, "beanie": 0.16, "cap": 0.1, "hood": 0.1, "scarf": 0.04})
        if cold
        else _pick(generator, {"none": 0.85, "cap": 0.12, "scarf": 0.03}),
        hat_colour=_cloth(generator, 0.25),
        bag=_pick(generator, {"none": 0.5, "backpack": 0.2, "shoulder": 0.2, "shopping": 0.1}),
        bag_colour=_cloth(generator, 0.2),
        seed=int(generator.integers(1 << 31)),
    )  # fmt: skip


def _pick(generator: np.random.Generator, weights: dict[str, float]) -> str:
    shares = np.array(list(weights.values()), float)
    return list(weights)[int(generator.choice(len(shares), p=shares / shares.sum()))]


def _shade(
    generator: np.random.Generator,
    colours: tuple[Colour, ...],
    shares: tuple[float, ...] | None = None,
) -> Colour:
    """One of the colours, a little off."""
    chosen = np.array(colours[int(generator.choice(len(colours), p=shares))])
    red, green, blue = np.clip(chosen * generator.uniform(0.85, 1.15), 0.02, 0.95).tolist()
    return red, green, blue


def _shoes(generator: np.random.Generator) -> Colour:
    """Dark, brown, or white soles and trainers."""
    if generator.random() < 0.18:
        return _shade(generator, ((0.78, 0.77, 0.74), (0.55, 0.53, 0.50)))
    return _shade(generator, (*_DARK[:3], (0.20, 0.13, 0.09), (0.30, 0.21, 0.14)))


def _cloth(generator: np.random.Generator, bright: float) -> Colour:
    """Mostly dark, sometimes medium, and bright with the given probability."""
    if generator.random() < bright:
        return _shade(generator, _BRIGHT)
    return _shade(generator, _DARK if generator.random() < 0.62 else _MEDIUM)
