"""Pictures of scenes: a shadow pass, a mirror pass, the picture, and who owns which pixel.

Mesa rasterises; the shaders are in `shaders/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from belisha.frames import Image
from training.scenes.camera import View
from training.scenes.drawn import Drawn
from training.scenes.gl import open_context, shader
from training.scenes.glass import Pane, pane_of
from training.scenes.mesh import Floats, Mesh, joined
from training.scenes.scene import Moving, Scene
from training.scenes.street import Street
from training.scenes.textures import texture_array

OWNER_SCALE = 2
"""Pixels of the owner picture for one of the picture, in each direction."""
_SHADOW_SIDE = 2048
_GLARE = (160, 120)
_NEAR_M = 6.0
"""What ends farther behind the camera than this is not drawn."""
_BEHIND_M, _SHADOWED_M = 30.0, 80.0
"""What throws shadows, behind and ahead of the camera."""
_SAMPLES = 4
_LAMPS = 8


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture, still clean of the sensor's faults, and what the truth is made of.

    Attributes:
        image_bgr: (H, W, 3) uint8.
        owners: (2 H, 2 W) uint32, the track of whoever is seen there, or 0.
        view: where it was taken from.
        moving: what moved, at that moment.
        exposure: what the light was multiplied with; noise grows with it.
    """

    image_bgr: Image
    owners: NDArray[np.uint32]
    view: View
    moving: Moving
    exposure: float


class Renderer:
    """Draws scenes of one picture size; a context manager, as it holds an OpenGL context."""

    def __init__(self, width: int, height: int) -> None:
        """Set up for pictures of a size in pixels, that of the scenes' cameras.

        Raises:
            MissingLibraryError: there is no OpenGL here; the message says what to install.
        """
        self._gl = open_context()
        self._size = width, height
        self._street: Street | None = None
        self._still = self._active = Drawn(self._gl, joined([]), {})
        self._programs = {
            name: self._gl.program(
                vertex_shader=shader(f"{vertex}.vert"), fragment_shader=shader(f"{name}.frag")
            )
            for name, vertex in (
                ("surface", "surface"), ("sky", "sky"), ("depth", "depth"), ("owner", "owner"),
                ("blot", "blot"), ("glass", "screen"), ("shrink", "screen"),
            )
        }  # fmt: skip
        self._make_targets(width, height)
        self._make_textures()
        corners = np.array([(-1, -1), (3, -1), (-1, 3)], "f4")
        self._corners = self._gl.buffer(corners.tobytes())
        self._screens = {
            name: self._gl.vertex_array(self._programs[name], [(self._corners, "2f4", "in_corner")])
            for name in ("sky", "glass", "shrink")
        }

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self._gl.release()

    def _make_targets(self, width: int, height: int) -> None:
        gl = self._gl
        samples = min(_SAMPLES, gl.max_samples)
        self._sampled = gl.framebuffer(
            gl.renderbuffer((width, height), 4, samples=samples, dtype="f2"),
            gl.depth_renderbuffer((width, height), samples=samples),
        )
        self._plain = gl.texture((width, height), 4, dtype="f2")
        self._resolved = gl.framebuffer(self._plain)
        half = width // 2, height // 2
        self._mirror = gl.texture(half, 4, dtype="f2")
        self._mirrored = gl.framebuffer(self._mirror, gl.depth_renderbuffer(half))
        self._shadows = gl.depth_texture((_SHADOW_SIDE, _SHADOW_SIDE))
        self._shadows.compare_func = "<="
        self._shadowed = gl.framebuffer(depth_attachment=self._shadows)
        self._shrunk = gl.framebuffer(gl.texture(_GLARE, 4, dtype="f4"))
        self._glare = gl.texture(_GLARE, 4, dtype="f4")
        self._bytes = gl.framebuffer(gl.texture((width, height), 3))
        large = width * OWNER_SCALE, height * OWNER_SCALE
        self._owned = gl.framebuffer(gl.texture(large, 1, dtype="u4"), gl.depth_renderbuffer(large))
        self._pane = gl.texture((width, height), 4)

    def _make_textures(self) -> None:
        layers = texture_array()
        count, side = layers.shape[:2]
        self._textures = self._gl.texture_array((side, side, count), 4, layers.tobytes())
        self._textures.build_mipmaps()
        self._textures.filter = self._gl.LINEAR_MIPMAP_NEAREST, self._gl.LINEAR

    def shoot(self, scene: Scene, seconds: float) -> Shot:
        """The picture of a scene at a moment.

        Raises:
            RuntimeError: the scene's camera has another size than this renderer.
        """
        if (scene.camera.width, scene.camera.height) != self._size:
            raise RuntimeError(f"a renderer of {self._size} cannot show a {scene.camera}")
        view, moving = scene.view(seconds), scene.moving(seconds)
        self._load(scene.street, moving)
        self._set_light(scene, view)
        self._cast_shadows(scene, view)
        self._reflect(scene, view)
        self._draw(scene, view, moving)
        exposure = self._measure(scene)
        image = self._develop(scene, pane_of(scene, seconds), exposure)
        return Shot(image, self._own(view), view, moving, exposure)

    def alone(self, figure: Mesh, matrix: Floats, width: int, height: int) -> NDArray[np.bool_]:
        """(height, width) where a figure that nothing hides would be seen through a matrix."""
        with self._gl.scope(framebuffer=self._owned):
            self._owned.viewport = 0, 0, width, height
            self._owned.clear(0, 0, 0, 0)
            self._gl.enable_only(self._gl.DEPTH_TEST | self._gl.CULL_FACE)
            program = self._programs["owner"]
            program["matrix"].write(_columns(matrix))
            drawn = Drawn(self._gl, figure, {"owner": program})
            drawn.render("owner")
            drawn.release()
            data = self._owned.read((0, 0, width, height), components=1, dtype="u4", alignment=1)
        seen = np.frombuffer(data, np.uint32).reshape(height, width)[::-1]
        return np.asarray(seen > 0)

    def _load(self, street: Street, moving: Moving) -> None:
        """Bring the meshes to OpenGL; the street only when it is another one."""
        programs = {name: self._programs[name] for name in ("surface", "depth", "owner")}
        if self._street is not street:
            self._still.release()
            self._still, self._street = Drawn(self._gl, street.mesh, programs), street
        self._active.release()
        self._active = Drawn(self._gl, joined([*moving.figures, moving.things]), programs)

    def _set_light(self, scene: Scene, view: View) -> None:
        light, program = scene.light, self._programs["surface"]
        self._textures.use(0)
        for name in ("surface", "sky"):
            program = self._programs[name]
            program["zenith"].value, program["horizon"].value = light.zenith, light.horizon
            program["sun"].value = light.sun
            program["sun_direction"].value = tuple(light.sun_direction.tolist())
            program["cloud"].value = light.cloud
            program["textures"].value = 0
        program = self._programs["surface"]
        program["shadows"].value, program["mirror"].value = 1, 2
        program["eye"].value = tuple(view.eye.tolist())
        ahead = view.axes[1] * (1, 1, 0)
        program["ahead"].value = tuple((ahead / np.linalg.norm(ahead)).tolist())
        program["ground_light"].value = light.ground
        program["fog"].value, program["wet"].value = light.fog, light.wet
        program["lamps_on"].value, program["headlights"].value = light.lamps, light.headlights
        near = _nearest(scene.street.lamps, view.eye)
        program["lamp_count"].value = len(near) if light.lamps else 0
        lamps = np.zeros((_LAMPS, 3), "f4")
        lamps[: len(near)] = near
        program["lamps"].write(lamps.tobytes())

    def _cast_shadows(self, scene: Scene, view: View) -> None:
        matrix = _shadow_matrix(scene.light.sun_direction, view.eye)
        self._programs["surface"]["shadow_matrix"].write(_columns(matrix))
        self._shadows.use(1)
        if scene.light.sun[0] <= 0:
            return
        self._shadowed.use()
        self._shadowed.clear(depth=1.0)
        self._gl.enable_only(self._gl.DEPTH_TEST)
        self._programs["depth"]["matrix"].write(_columns(matrix))
        self._still.render("depth", view.eye[1] - _BEHIND_M, view.eye[1] + _SHADOWED_M)
        self._active.render("depth")

    def _reflect(self, scene: Scene, view: View) -> None:
        """The world upside down, for wet ground."""
        self._programs["surface"]["mirrored"].value = 0.0
        if scene.light.wet <= 0:
            return
        flip = np.diag([1, 1, -1, 1]).astype(np.float32)
        matrix = view.matrix() @ flip
        self._mirrored.use()
        self._mirrored.clear(*scene.light.horizon, 1.0)
        self._sky(scene, matrix)
        program = self._programs["surface"]
        program["mirrored"].value, program["wet"].value = 1.0, 0.0
        program["matrix"].write(_columns(matrix))
        self._gl.enable_only(self._gl.DEPTH_TEST | self._gl.CULL_FACE)
        self._gl.front_face = "cw"
        self._still.render("surface", view.eye[1] - _NEAR_M)
        self._active.render("surface")
        self._gl.front_face = "ccw"
        program["mirrored"].value, program["wet"].value = 0.0, scene.light.wet
        self._mirror.use(2)

    def _draw(self, scene: Scene, view: View, moving: Moving) -> None:
        self._sampled.use()
        self._sampled.clear(*scene.light.horizon, 1.0)
        program = self._programs["surface"]
        program["matrix"].write(_columns(view.matrix()))
        program["pixels"].value = self._size
        self._gl.enable_only(self._gl.DEPTH_TEST | self._gl.CULL_FACE)
        self._still.render("surface", view.eye[1] - _NEAR_M)
        self._blots(scene, view, moving)
        self._active.render("surface")
        self._sky(scene, view.matrix())
        self._gl.copy_framebuffer(self._resolved, self._sampled)

    def _sky(self, scene: Scene, matrix: Floats) -> None:
        program = self._programs["sky"]
        program["inverse_matrix"].write(_columns(np.linalg.inv(matrix.astype(float))))
        program["drift"].value = (scene.seed % 97 / 97, scene.seed % 89 / 89)
        self._gl.enable_only(self._gl.DEPTH_TEST)
        self._screens["sky"].render(vertices=3)

    def _blots(self, scene: Scene, view: View, moving: Moving) -> None:
        """Darken the ground under what stands on it."""
        if not len(moving.blots):
            return
        gl, program = self._gl, self._programs["blot"]
        data = _blot_triangles(moving.blots)
        program["matrix"].write(_columns(view.matrix()))
        program["strength"].value = 0.45 if scene.light.sun[0] > 0 else 0.62
        buffer = gl.buffer(data.tobytes())
        array = gl.vertex_array(program, [(buffer, "3f4 2f4", "in_position", "in_uv")])
        gl.enable_only(gl.DEPTH_TEST | gl.BLEND)
        gl.blend_func = gl.DST_COLOR, gl.ZERO
        self._sampled.depth_mask = False
        array.render()
        self._sampled.depth_mask = True
        gl.enable_only(gl.DEPTH_TEST | gl.CULL_FACE)
        array.release()
        buffer.release()

    def _measure(self, scene: Scene) -> float:
        """Spread the bright parts into the glare picture, and choose an exposure."""
        self._shrunk.use()
        self._gl.enable_only(self._gl.NOTHING)
        self._plain.use(0)
        self._programs["shrink"]["scene"].value = 0
        self._programs["shrink"]["texel"].value = tuple(1 / np.array(self._size))
        self._screens["shrink"].render(vertices=3)
        data = self._shrunk.read(components=4, dtype="f4")
        small = np.frombuffer(data, np.float32).reshape(_GLARE[1], _GLARE[0], 4)
        glare = sum(
            share * cv2.GaussianBlur(small, (0, 0), sigma)
            for share, sigma in ((0.5, 1.5), (0.3, 5.0), (0.2, 16.0))
        )
        self._glare.write(np.ascontiguousarray(glare, np.float32).tobytes())
        # Row 0 is the bottom: the road and what stands on it count, the sky hardly does.
        grey = small[: int(_GLARE[1] * 0.7), :, :3].mean(2)
        level = float(np.exp(np.log(np.maximum(grey, 1e-4)).mean()))
        return float(scene.light.key / max(level, 1e-3) ** 0.8 * 0.4)

    def _develop(self, scene: Scene, pane: Pane, exposure: float) -> Image:
        program = self._programs["glass"]
        self._plain.use(0)
        self._glare.use(1)
        self._pane.write(pane.picture.tobytes())
        self._pane.use(2)
        self._bytes.use()
        for unit, name in enumerate(("scene", "glare", "glass")):
            program[name].value = unit
        program["exposure"].value, program["vignette"].value = exposure, 0.32
        program["veil"].value = pane.veil
        program["veil_light"].value = tuple(
            np.array(scene.light.horizon) + np.array(scene.light.sun) * 0.15
        )
        self._screens["glass"].render(vertices=3)
        data = self._bytes.read(components=3, alignment=1)
        rgb = np.frombuffer(data, np.uint8).reshape(self._size[1], self._size[0], 3)
        return np.ascontiguousarray(rgb[:, :, ::-1])

    def _own(self, view: View) -> NDArray[np.uint32]:
        """Whose pixel each is."""
        width, height = self._owned.size
        self._owned.viewport = 0, 0, width, height
        self._owned.use()
        self._owned.clear(0, 0, 0, 0)
        self._gl.enable_only(self._gl.DEPTH_TEST | self._gl.CULL_FACE)
        program = self._programs["owner"]
        self._textures.use(0)
        program["textures"].value = 0
        program["matrix"].write(_columns(view.matrix()))
        self._still.render("owner", view.eye[1] - _NEAR_M)
        self._active.render("owner")
        data = self._owned.read(components=1, dtype="u4", alignment=1)
        return np.frombuffer(data, np.uint32).reshape(height, width)[::-1]


def _columns(matrix: NDArray[Any]) -> bytes:
    """A matrix as OpenGL stores it."""
    return np.ascontiguousarray(matrix.T, "f4").tobytes()


def _nearest(lamps: Floats, eye: Floats) -> Floats:
    """Those lamps that light what the camera sees."""
    ahead = lamps[(lamps[:, 1] > eye[1] - 12) & (lamps[:, 1] < eye[1] + 150)]
    order = np.argsort(abs(ahead[:, 1] - eye[1] - 10), kind="stable")
    return np.asarray(ahead[order[:_LAMPS]])


def _shadow_matrix(sun: Floats, eye: Floats) -> Floats:
    """(4, 4) from the world into the sun's picture of the street ahead."""
    side = np.cross((0, 0, 1.0), sun)
    side /= max(float(np.linalg.norm(side)), 1e-6)
    axes = np.stack([side, np.cross(sun, side), sun])
    x, y, z = eye[0] + np.array([-13, 13]), eye[1] + np.array([-4, 62]), np.array([0, 9])
    corners = np.array([(a, b, c) for a in x for b in y for c in z]) @ axes.T
    low, high = corners.min(0), corners.max(0)
    high[2] += 160
    matrix = np.eye(4)
    scale = 2 / (high - low)
    matrix[:3, :3] = axes * scale[:, None]
    matrix[:3, 3] = -(low + high) / (high - low)
    # Nearer to the sun is nearer in depth.
    matrix[2] *= -1
    return matrix.astype(np.float32)


def _blot_triangles(blots: Floats) -> Floats:
    """(B * 6, 5): positions and places in the blot, of two triangles each."""
    x, y, z, heading, half, length = blots.T[:, :, None]
    u = np.array([-1, 1, 1, -1, 1, -1], np.float32)
    v = np.array([-1, -1, 1, -1, 1, 1], np.float32)
    c, s = np.cos(heading), np.sin(heading)
    across, along = u * half, v * length
    position = [x + c * across - s * along, y + s * across + c * along, z + 0.025 + 0 * across]
    corners = np.stack(
        [*position, np.broadcast_to(u, across.shape), np.broadcast_to(v, across.shape)], -1
    )
    return corners.reshape(-1, 5).astype(np.float32)
