"""People in a street: where they go, and what they look like at a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.scenes.bicycle import bicycle
from training.scenes.body import Body, make_body, posed
from training.scenes.carried import pram, umbrella
from training.scenes.mesh import Mesh, joined, moved
from training.scenes.outfit import draw_outfit
from training.scenes.road import Road
from training.scenes.walk import Bone, Habit, Pose, bone_matrices, riding, standing, walking

USUAL_SPEED_MPS = 1.35


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody with a straight way through the street.

    Attributes:
        track: number of this person, from 1.
        body: their skin.
        habit: how they carry themselves.
        x, y: metres across and along the street at second 0.
        heading: radians from the street's direction, counter-clockwise.
        speed_mps: 0 for those who stand.
        phase: of the step at second 0.
        carried: what is in their hands, at the resting body; no part of the person.
        bicycle: ridden, if any; then the person is not asked for.
    """

    track: int
    body: Body
    habit: Habit
    x: float
    y: float
    heading: float
    speed_mps: float
    phase: float
    carried: Mesh
    bicycle: Mesh | None = None

    def place(self, seconds: float) -> tuple[float, float]:
        """Metres across and along the street."""
        way = self.speed_mps * seconds
        return self.x - float(np.sin(self.heading)) * way, self.y + float(
            np.cos(self.heading)
        ) * way

    def figure(self, road: Road, seconds: float) -> tuple[Mesh, Mesh]:
        """The person's own mesh in the world, and that of what is carried or ridden."""
        mesh = self._in_pose(seconds)
        x, y = self.place(seconds)
        heading = self.heading + road.heading(y)
        own = mesh.vertices
        if self.bicycle is None:
            own["position"][:, 2] -= own["position"][:, 2].min()
        at = np.array([x + float(road.offset(y)), y, road.ground(x)], np.float32)
        own["owner"] = self.track
        things = self.carried if self.bicycle is None else self.bicycle
        return moved(mesh, at, heading), moved(things, at, heading)

    def _in_pose(self, seconds: float) -> Mesh:
        positions, normals = posed(self.body, bone_matrices(self._pose(seconds), self.body.joints))
        vertices = self.body.mesh.vertices.copy()
        vertices["position"], vertices["normal"] = positions, normals
        if self.bicycle is not None:
            # The saddle carries the hips.
            vertices["position"][:, 2] += 0.98 - self.body.joints[Bone.PELVIS][2]
            vertices["position"][:, 1] -= 0.25
        return Mesh(vertices, self.body.mesh.triangles)

    def _pose(self, seconds: float) -> Pose:
        if self.bicycle is not None:
            return riding(self.phase * 6.28 + seconds * self.speed_mps * 1.5)
        if self.speed_mps < 0.15:
            return standing(float(np.sin(self.phase * 6.28 + 0.25 * seconds)), self.habit)
        stride = 0.30 + 0.64 * self.habit.vigour * self.height_m / 1.72
        return walking(self.phase + seconds * self.speed_mps / stride, self.habit)

    @property
    def height_m(self) -> float:
        """Of the resting body, hair and hat included."""
        return float(self.body.mesh.positions[:, 2].max())


def draw_person(
    generator: np.random.Generator,
    track: int,
    place: tuple[float, float],
    heading: float,
    speed_mps: float,
    rain: bool = False,
    cold: bool = True,
) -> Person:
    """Somebody by chance at a place, walking that way; speed 0 stands."""
    outfit = draw_outfit(generator, cold)
    body = make_body(outfit)
    hands = ["swing", "swing"]
    things = []
    chance = generator.random()
    if rain and generator.random() < 0.55 and not outfit.child:
        hands[1] = "umbrella"
        things.append(umbrella(generator, body))
    elif not outfit.child and speed_mps > 0 and chance < 0.04:
        hands = ["push", "push"]
        things.append(pram(generator, outfit.height_m))
    elif outfit.bag == "shopping":
        hands[1] = "carry"
    elif chance < 0.30:
        hands[int(generator.integers(2))] = "phone"
    elif chance < 0.55:
        hands[int(generator.integers(2))] = "pocket"
        if generator.random() < 0.4:
            hands = ["pocket", "pocket"]
    habit = Habit(
        vigour=float(np.clip(speed_mps / USUAL_SPEED_MPS, 0.55, 1.25)),
        lean=float(generator.normal(0.05, 0.03)),
        left_hand=hands[0],
        right_hand=hands[1],
        toes_out=float(generator.uniform(0.0, 0.2)),
        head_turn=float(generator.normal(0, 0.25)),
    )
    phase = float(generator.random())
    x, y = place
    return Person(track, body, habit, x, y, heading, speed_mps, phase, joined(things))


def draw_cyclist(
    generator: np.random.Generator,
    track: int,
    place: tuple[float, float],
    heading: float,
    speed_mps: float,
) -> Person:
    """Somebody on a bicycle."""
    body = make_body(draw_outfit(generator))
    x, y = place
    return Person(
        track, body, Habit(), x, y, heading, speed_mps, float(generator.random()),
        joined([]), bicycle(generator),
    )  # fmt: skip
