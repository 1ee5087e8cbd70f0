"""Bodies: feet on the ground, arms against legs, sizes as ordered."""

from __future__ import annotations

import numpy as np
import pytest

from training.scenes.body import make_body, posed
from training.scenes.outfit import Outfit, draw_outfit
from training.scenes.walk import Bone, Habit, bone_matrices, riding, standing, walking


def outfits(count: int) -> list[Outfit]:
    generator = np.random.default_rng(1)
    return [draw_outfit(generator, cold=bool(index % 2)) for index in range(count)]


@pytest.mark.parametrize("outfit", outfits(24), ids=lambda one: f"{one.top}-{one.legs}-{one.hat}")
def test_a_body_is_as_high_as_its_outfit_says_but_for_hair_and_hat(outfit: Outfit) -> None:
    body = make_body(outfit)
    points = body.mesh.positions
    assert outfit.height_m - 0.01 < points[:, 2].max() < outfit.height_m * 1.03 + 0.02
    assert points[:, 2].min() == pytest.approx(0, abs=0.02)
    assert np.ptp(points[:, 0]) < 0.55 * outfit.height_m
    assert np.allclose(body.weights.sum(1), 1, atol=1e-5)
    assert (body.weights >= -1e-6).all()


def test_no_turn_leaves_the_body_at_rest() -> None:
    body = make_body(outfits(1)[0])
    positions, _ = posed(body, np.tile(np.eye(4, dtype=np.float32), (len(Bone), 1, 1)))
    assert np.allclose(positions, body.mesh.positions, atol=1e-5)


def test_at_the_heels_landing_the_left_leg_is_ahead_and_the_left_arm_behind() -> None:
    angles = walking(0.0, Habit()).angles
    assert angles[Bone.LEFT_THIGH][0] > 0.3 > angles[Bone.RIGHT_THIGH][0]
    assert angles[Bone.LEFT_ARM][0] < 0 < angles[Bone.RIGHT_ARM][0]


def test_half_a_stride_later_left_and_right_have_changed() -> None:
    first, second = walking(0.2, Habit()).angles, walking(0.7, Habit()).angles
    assert first[Bone.LEFT_THIGH][0] == pytest.approx(second[Bone.RIGHT_THIGH][0])
    assert first[Bone.LEFT_SHIN][0] == pytest.approx(second[Bone.RIGHT_SHIN][0])


def test_knees_and_elbows_bend_only_the_way_they_can() -> None:
    for phase in np.linspace(0, 1, 30):
        for pose in (walking(phase, Habit()), standing(phase * 2 - 1, Habit()), riding(phase * 6)):
            for knee in (Bone.LEFT_SHIN, Bone.RIGHT_SHIN):
                assert pose.angles[knee][0] <= 0
            for elbow in (Bone.LEFT_FOREARM, Bone.RIGHT_FOREARM):
                assert pose.angles[elbow][0] >= 0


def test_a_walker_strides_about_a_metre_and_stays_upright() -> None:
    body = make_body(outfits(1)[0])
    positions, normals = posed(body, bone_matrices(walking(0.0, Habit()), body.joints))
    feet = positions[positions[:, 2] < positions[:, 2].min() + 0.15]
    assert 0.6 < np.ptp(feet[:, 1]) < 1.3
    assert np.ptp(positions[:, 2]) > 0.93 * np.ptp(body.mesh.positions[:, 2])
    assert np.isfinite(normals).all()
