"""The hour, the weather and the glass: what lights a scene, and what dims it.

Colours here are linear light; 1 is a white wall in full sun at an exposure of 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.scenes.mesh import Colour, Floats

LIGHTS = ("day", "low_sun", "dusk", "night")
WEATHERS = ("clear", "overcast", "rain", "fog")
GLASSES = ("clean", "drops", "dirt", "reflection")


@dataclass(frozen=True)
class Conditions:
    """What a picture is taken in.

    Attributes:
        light: one of `LIGHTS`.
        weather: one of `WEATHERS`.
        glass: one of `GLASSES`.
        glass_strength: 0 to 1, how bad the glass is.
        dusk: 0 to 1, how far a dusk has fallen towards night; only where light is `dusk`.
    """

    light: str = "day"
    weather: str = "clear"
    glass: str = "clean"
    glass_strength: float = 0.6
    dusk: float = 0.35


@dataclass(frozen=True)
class Light:
    """All that the shaders are told.

    Attributes:
        sun: colour of the sun's light; black if there is none.
        sun_height, sun_azimuth: radians above the horizon, and counter-clockwise from +y.
        zenith, horizon: the sky's colours.
        ground: light that comes back from the ground.
        fog: share of light that is lost in a metre.
        cloud: 0 for a clear sky to 1 for a closed one.
        lamps: 0 to 1, street lamps and windows.
        headlights: 0 to 1, the own car's and others'.
        wet: 0 to 1.
        rain: 0 to 1, falling drops.
        key: brightness that the camera's exposure aims at.
        gain: of the sensor, 0 to 1; noise grows with it.
    """

    sun: Colour
    sun_height: float
    sun_azimuth: float
    zenith: Colour
    horizon: Colour
    ground: Colour
    fog: float
    cloud: float
    lamps: float
    headlights: float
    wet: float
    rain: float
    key: float
    gain: float

    @property
    def sun_direction(self) -> Floats:
        """(3,) unit vector towards the sun."""
        level = np.cos(self.sun_height)
        return np.array(
            [
                -np.sin(self.sun_azimuth) * level,
                np.cos(self.sun_azimuth) * level,
                np.sin(self.sun_height),
            ],
            np.float32,
        )


_DAY = Light(
    sun=(1.9, 1.75, 1.5), sun_height=0.75, sun_azimuth=2.4,
    zenith=(0.22, 0.40, 0.80), horizon=(0.75, 0.85, 0.95), ground=(0.22, 0.20, 0.18),
    fog=0.0012, cloud=0.45, lamps=0.0, headlights=0.0, wet=0.0, rain=0.0, key=0.40, gain=0.1,
)  # fmt: skip
_LOW_SUN = Light(
    sun=(2.6, 1.65, 0.85), sun_height=0.21, sun_azimuth=0.35,
    zenith=(0.22, 0.34, 0.62), horizon=(1.0, 0.80, 0.60), ground=(0.18, 0.15, 0.12),
    fog=0.0012, cloud=0.35, lamps=0.0, headlights=0.0, wet=0.0, rain=0.0, key=0.36, gain=0.15,
)  # fmt: skip
_DUSK = Light(
    sun=(0.0, 0.0, 0.0), sun_height=0.02, sun_azimuth=0.4,
    zenith=(0.10, 0.14, 0.26), horizon=(0.42, 0.33, 0.33), ground=(0.06, 0.06, 0.06),
    fog=0.002, cloud=0.5, lamps=0.7, headlights=0.6, wet=0.0, rain=0.0, key=0.27, gain=0.45,
)  # fmt: skip
_NIGHT = Light(
    sun=(0.0, 0.0, 0.0), sun_height=-0.3, sun_azimuth=0.4,
    zenith=(0.0035, 0.0045, 0.009), horizon=(0.014, 0.012, 0.013), ground=(0.004, 0.0035, 0.003),
    fog=0.002, cloud=0.7, lamps=1.0, headlights=1.0, wet=0.0, rain=0.0, key=0.20, gain=1.0,
)  # fmt: skip
_BY_NAME = {"day": _DAY, "low_sun": _LOW_SUN, "dusk": _DUSK, "night": _NIGHT}


def light_of(conditions: Conditions, generator: np.random.Generator) -> Light:
    """The light of conditions, with the chances of an ordinary day."""
    light = _BY_NAME[conditions.light]
    if conditions.light == "dusk":
        light = _between(light, _NIGHT, conditions.dusk * 0.8)
    if conditions.light in ("day", "low_sun"):
        turn = generator.uniform(-np.pi, np.pi)
        light = replace(
            light,
            sun_azimuth=float(turn),
            sun_height=light.sun_height * float(generator.uniform(0.7, 1.4)),
            cloud=float(generator.uniform(0.1, 0.7)),
        )
    return _weathered(light, conditions.weather)


def _weathered(light: Light, weather: str) -> Light:
    if weather == "clear":
        return light
    mixed = 0.55 * np.array(light.horizon) + 0.45 * np.array(light.zenith)
    red, green, blue = (0.3 * mixed + 0.7 * mixed.mean() * np.array([0.97, 1.0, 1.04])).tolist()
    grey: Colour = (red, green, blue)
    closed = replace(
        light,
        sun=(0.0, 0.0, 0.0),
        zenith=_scaled(grey, 1.05),
        horizon=_scaled(grey, 1.0),
        cloud=1.0,
    )
    if weather == "overcast":
        return closed
    if weather == "rain":
        lights = max(light.headlights, 0.4)
        return replace(closed, wet=1.0, rain=1.0, fog=light.fog + 0.0035, headlights=lights,
                       key=light.key * 0.88, gain=min(light.gain + 0.2, 1))  # fmt: skip
    return replace(
        closed, fog=0.035, headlights=max(light.headlights, 0.4), zenith=_scaled(grey, 1.0)
    )


def _scaled(colour: Colour, scale: float) -> Colour:
    red, green, blue = (float(part) * scale for part in colour)
    return red, green, blue


def _between(first: Light, second: Light, share: float) -> Light:
    """A light between two, all values mixed; colours by ratio, as the eye and the evening do."""
    mixed: dict[str, Any] = {}
    for name in Light.__dataclass_fields__:
        a, b = np.array(getattr(first, name)), np.array(getattr(second, name))
        value = a * (1 - share) + b * share
        if a.shape == (3,) and a.min() > 0 and b.min() > 0:
            value = a ** (1 - share) * b**share
        mixed[name] = tuple(value.tolist()) if value.shape else float(value)
    return Light(**mixed)
