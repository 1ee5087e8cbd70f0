"""Meshes on OpenGL's side: buffers, and how each program reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.scenes.mesh import Floats, Mesh

_LAYOUT = {
    "in_position": "3f4",
    "in_normal": "3f4",
    "in_uv": "2f4",
    "in_colour": "4f1",
    "in_surface": "4u1",
    "in_owner": "1u4",
}
"""A vertex, as OpenGL is told of `training.scenes.mesh.VERTEX`."""


class Drawn:
    """A mesh that several programs can draw; it holds memory until it is released."""

    def __init__(self, gl: Any, mesh: Mesh, programs: Mapping[str, Any]) -> None:
        """Bring a mesh to OpenGL.

        Args:
            gl: the context.
            mesh: what to draw; an empty one draws nothing.
            programs: those that will draw it, by name.
        """
        self._arrays: dict[str, Any] = {}
        self._buffers: list[Any] = []
        # Triangles that go along the street can be drawn from one place to another.
        ends = mesh.positions[:, 1][mesh.triangles].max(1, initial=-np.inf)
        order = np.argsort(ends, kind="stable")
        self._ends: Floats = np.asarray(ends[order], np.float32)
        if not len(mesh.vertices):
            return
        vertices = gl.buffer(mesh.vertices.tobytes())
        indices = gl.buffer(np.ascontiguousarray(mesh.triangles[order], "u4").tobytes())
        self._buffers = [vertices, indices]
        for name, program in programs.items():
            content = [(vertices, _form(program), *_attributes(program))]
            self._arrays[name] = gl.vertex_array(program, content, index_buffer=indices)

    def render(self, program: str, low: float = -np.inf, high: float = np.inf) -> None:
        """Draw what lies between two places along the street, in metres."""
        first, last = np.searchsorted(self._ends, (low, high))
        if last > first:
            self._arrays[program].render(first=int(first) * 3, vertices=int(last - first) * 3)

    def release(self) -> None:
        """Free the memory; nothing can be drawn any more."""
        for held in (*self._arrays.values(), *self._buffers):
            held.release()


def _attributes(program: Any) -> list[str]:
    """What a program reads of a vertex."""
    return [name for name in _LAYOUT if name in program]


def _form(program: Any) -> str:
    """The layout for a program, with gaps in place of what it does not read."""
    return " ".join(part if name in program else _gap(part) for name, part in _LAYOUT.items())


def _gap(part: str) -> str:
    return f"{int(part[0]) * int(part[2])}x"
