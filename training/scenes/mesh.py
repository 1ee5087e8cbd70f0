"""Triangles with normals, colours and surfaces; and the few shapes that everything is made of.

World coordinates are metres: x to the right of the road, y along it, z up from its surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Colour = tuple[float, float, float]
"""sRGB, each 0 to 1."""

VERTEX = np.dtype(
    [
        ("position", "<f4", 3),
        ("normal", "<f4", 3),
        ("uv", "<f4", 2),
        ("colour", "u1", 4),
        ("surface", "u1", 4),
        ("owner", "<u4"),
    ]
)
"""What the shaders get: colour is sRGB and openness (255: nothing near that hides the sky);
surface is texture layer, gloss, glow and kind; owner is the object's number, 0 for the street."""


class Texture(IntEnum):
    """Layers of the texture array, see `training.scenes.textures`."""

    PLAIN = 0
    ASPHALT = 1
    SLABS = 2
    BRICK = 3
    PLASTER = 4
    CLOTH = 5
    LEAVES = 6
    TILES = 7
    STONE = 8
    GRASS = 9
    CLOUDS = 10


class Kind(IntEnum):
    """How the shader treats a surface."""

    SOLID = 0
    GROUND = 1
    """Gets wet in rain, and mirrors what stands on it."""
    GLASS = 2
    """Mirrors the sky."""
    FOLIAGE = 3
    """Cut out by the texture's alpha, lit from both sides."""
    WINDOW = 4
    """Glass before a room, which is lit at night if the glow says so."""


@dataclass(frozen=True)
class Paint:
    """What a surface is made of; gloss and glow from 0 to 1."""

    colour: Colour
    texture: Texture = Texture.PLAIN
    gloss: float = 0.0
    glow: float = 0.0
    kind: Kind = Kind.SOLID
    metres: float = 1.0
    """Size of one repeat of the texture."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices, (N,) of `VERTEX`, and triangles, (M, 3) uint32 indices."""

    vertices: NDArray[Any]
    triangles: NDArray[np.uint32]

    @property
    def positions(self) -> Floats:
        """(N, 3) metres."""
        return np.asarray(self.vertices["position"], np.float32)


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    if not meshes:
        return Mesh(np.zeros(0, VERTEX), np.zeros((0, 3), np.uint32))
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    triangles = [
        mesh.triangles + np.uint32(start) for mesh, start in zip(meshes, starts, strict=False)
    ]
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate(triangles).astype(np.uint32),
    )


def two_sided(mesh: Mesh) -> Mesh:
    """A mesh that is seen from behind too."""
    return Mesh(mesh.vertices, np.concatenate([mesh.triangles, mesh.triangles[:, ::-1]]))


def moved(mesh: Mesh, offset: ArrayLike, heading: float = 0.0, scale: float = 1.0) -> Mesh:
    """A mesh scaled, turned counter-clockwise about z by radians, then shifted by (3,) metres."""
    turn = turn_z(heading)
    vertices = mesh.vertices.copy()
    vertices["position"] = mesh.vertices["position"] @ turn.T * scale + np.asarray(offset)
    vertices["normal"] = mesh.vertices["normal"] @ turn.T
    return Mesh(vertices, mesh.triangles)


def turn_z(angle: float) -> Floats:
    """(3, 3) rotation about the vertical, counter-clockwise seen from above."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)


def recoloured(mesh: Mesh, colours: ArrayLike) -> Mesh:
    """A mesh with other colours: (3,) or (N, 3), sRGB 0 to 1."""
    vertices = mesh.vertices.copy()
    vertices["colour"][:, :3] = np.clip(np.asarray(colours) * 255, 0, 255)
    return Mesh(vertices, mesh.triangles)


def quads(corners: ArrayLike, paint: Paint) -> Mesh:
    """Flat four-sided faces, counter-clockwise seen from their front.

    Args:
        corners: (Q, 4, 3) metres.
        paint: of all of them; the texture runs along the first and the last edge.
    """
    corners = np.asarray(corners, np.float32).reshape(-1, 4, 3)
    along, up = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    normal = np.cross(along, up)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    width = np.linalg.norm(along, axis=1) / paint.metres
    height = np.linalg.norm(up, axis=1) / paint.metres
    # Textures start where the face is in the world, so that equal houses do not look equal.
    start = np.stack([corners[:, 0, 0] + corners[:, 0, 1], corners[:, 0, 2]], 1) / paint.metres
    zero = np.zeros_like(width)
    uv = np.stack([zero, zero, width, zero, width, height, zero, height], 1).reshape(-1, 4, 2)
    vertices = _painted(len(corners) * 4, paint)
    vertices["position"] = corners.reshape(-1, 3)
    vertices["normal"] = np.repeat(normal, 4, axis=0)
    vertices["uv"] = (uv + start[:, None]).reshape(-1, 2)
    base = np.arange(len(corners), dtype=np.uint32)[:, None] * 4
    triangles = _halves(base)
    return Mesh(vertices, triangles)


def _halves(base: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Both triangles of the four-sided faces that begin at (Q, 1) indices."""
    first, second = np.array((0, 1, 2), np.uint32), np.array((0, 2, 3), np.uint32)
    return np.concatenate([base + first, base + second])


_BOX_FACES = np.array(
    [
        [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],
        [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)],
        [(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)],
        [(0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)],
        [(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
    ],
    np.float32,
)


def boxes(low: ArrayLike, high: ArrayLike, paint: Paint) -> Mesh:
    """Upright boxes without a floor, from their low to their high corners, (B, 3) metres each."""
    low = np.asarray(low, np.float32).reshape(-1, 1, 1, 3)
    high = np.asarray(high, np.float32).reshape(-1, 1, 1, 3)
    return quads(low + (high - low) * _BOX_FACES, paint)


def loft(rings: ArrayLike, paint: Paint, around: float = 1.0) -> Mesh:
    """A smooth skin over closed rings.

    Args:
        rings: (K, M, 3) metres; points of a ring run counter-clockwise seen from the last ring.
        paint: of the whole skin.
        around: repeats of the texture about a ring, per `paint.metres`.
    """
    rings = np.asarray(rings, np.float32)
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    levels, points = rings.shape[:2]
    vertices = _painted(levels * points, paint)
    vertices["position"] = rings.reshape(-1, 3)
    vertices["normal"] = _ring_normals(rings).reshape(-1, 3)
    length = np.linalg.norm(np.diff(rings.mean(1), axis=0), axis=1)
    v = np.concatenate([[0], np.cumsum(length)]) / paint.metres
    u = np.linspace(0, around, points)
    vertices["uv"] = np.stack(np.broadcast_arrays(u[None], v[:, None]), -1).reshape(-1, 2)
    return Mesh(vertices, _grid_triangles(levels, points))


def _ring_normals(rings: Floats) -> Floats:
    """(K, M + 1, 3) unit normals of rings whose last point is the first again."""
    about = np.roll(rings[:, :-1], -1, axis=1) - np.roll(rings[:, :-1], 1, axis=1)
    about = np.concatenate([about, about[:, :1]], axis=1)
    along = np.gradient(rings, axis=0)
    normal = np.cross(about, along)
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    # A ring that has shrunk to a point faces the way its neighbours lead.
    axis = rings.mean(1, keepdims=True) - rings.mean((0, 1), keepdims=True)
    axis = axis / np.maximum(np.linalg.norm(axis, axis=2, keepdims=True), 1e-9)
    return np.asarray(np.where(length > 1e-9, normal / np.maximum(length, 1e-9), axis), np.float32)


def _grid_triangles(levels: int, points: int) -> NDArray[np.uint32]:
    index = np.arange(levels * points, dtype=np.uint32).reshape(levels, points)
    a, b = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    c, d = index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def tube(points: ArrayLike, radii: ArrayLike, paint: Paint, sides: int = 6) -> Mesh:
    """A round rod along (K, 3) points with (K,) radii, open at its ends."""
    points = np.asarray(points, np.float32)
    radii = np.broadcast_to(np.asarray(radii, np.float32), len(points))
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    # Where points coincide, as at a flat end, the rod goes on as before.
    for index in np.flatnonzero(~along.any(1)):
        along[index] = along[index - 1]
    steep = abs(along[:, 2:3]) > 0.9
    helper = np.where(steep, np.array([[0, 1, 0]]), np.array([[0, 0, 1]]))
    side = np.cross(along, helper)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    rings = points[:, None] + radii[:, None, None] * (
        np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    )
    return loft(rings, paint)


def limbs(starts: ArrayLike, ends: ArrayLike, radii: ArrayLike, paint: Paint) -> Mesh:
    """Many thin rods at once, from (L, 3) to (L, 3) metres, thinner still at their ends."""
    starts, ends = np.asarray(starts, np.float32), np.asarray(ends, np.float32)
    along = ends - starts
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.cross(along, (0.36, 0.48, 0.8))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * np.pi, 3, endpoint=False)[None, :, None]
    normal = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    radii = np.asarray(radii, np.float32)[:, None, None]
    points = np.stack([starts[:, None] + radii * normal, ends[:, None] + 0.35 * radii * normal], 1)
    vertices = _painted(len(starts) * 6, paint)
    vertices["position"] = points.reshape(-1, 3)
    vertices["normal"] = np.repeat(normal[:, None], 2, axis=1).reshape(-1, 3)
    base = np.arange(len(starts), dtype=np.uint32)[:, None, None] * 6
    corners = [(j, (j + 1) % 3, 3 + (j + 1) % 3, 3 + j) for j in range(3)]
    one = np.array([(t[0], *t[k : k + 2]) for t in corners for k in (1, 2)], np.uint32)
    return Mesh(vertices, (base + one).reshape(-1, 3).astype(np.uint32))


def ball(centre: ArrayLike, radii: ArrayLike, paint: Paint, sides: int = 10) -> Mesh:
    """An ellipsoid with radii in x, y and z."""
    up = np.linspace(-np.pi / 2, np.pi / 2, sides // 2 + 2)[:, None]
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None]
    shape = np.stack(
        np.broadcast_arrays(np.cos(up) * np.cos(turn), np.cos(up) * np.sin(turn), np.sin(up)), -1
    )
    return loft(np.asarray(centre) + shape * np.asarray(radii), paint)


def _painted(count: int, paint: Paint) -> NDArray[Any]:
    vertices = np.zeros(count, VERTEX)
    vertices["colour"] = (*(np.clip(np.asarray(paint.colour) * 255, 0, 255)), 255)
    vertices["surface"] = (
        paint.texture,
        round(min(paint.gloss, 1) * 255),
        round(min(paint.glow, 1) * 255),
        paint.kind,
    )
    return vertices


def patchwork(grid: ArrayLike, paints: Sequence[Sequence[Paint]]) -> Mesh:
    """A smooth skin over a grid, each cell with a paint of its own.

    Args:
        grid: (K, M, 3) metres; rows and columns turn as the rings of `loft` do.
        paints: (K - 1) by (M - 1), of the cell that begins at that point.
    """
    grid = np.asarray(grid, np.float32)
    normal = np.cross(np.gradient(grid, axis=1), np.gradient(grid, axis=0))
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)

    def cells(values: Floats) -> Floats:
        around = values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]
        return np.asarray(np.stack(around, 2).reshape(-1, 3), np.float32)

    known = {paint: _painted(1, paint)[0] for row in paints for paint in row}
    vertices = np.repeat(np.array([known[paint] for row in paints for paint in row], VERTEX), 4)
    vertices["position"] = cells(grid)
    vertices["normal"] = cells(normal.astype(np.float32))
    base = np.arange(len(vertices) // 4, dtype=np.uint32)[:, None] * 4
    return Mesh(vertices, _halves(base))
