"""Decisions leave the box as documented, and nobody outside can make the loop wait."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from belisha.boxes import Boxes, as_xyxy
from belisha.errors import ConfigError
from belisha.service.distance import Distances
from belisha.service.outlets.can import UNKNOWN, CanOutlet, can_frames, trouble_frame
from belisha.service.outlets.datagrams import udp_outlet, unix_outlet
from belisha.service.outlets.lines import MAX_WAITING, FileTarget, LineOutlet, StreamTarget
from belisha.service.outlets.messages import MAX_PEOPLE, decision_message
from belisha.service.outlets.sink import Outlets, OutletSettings, open_outlets
from belisha.service.results import Result, Seen
from belisha.service.tracks import Tracks
from tests.doubles import Told, frame_of, result_of, wait_until
from tests.toy import scene

TWO = Boxes(as_xyxy([(16, 8, 24, 40), (32.04, 8, 40, 16)]), np.array([0.75, 0.5], np.float32))


def far(*metres: float) -> Distances:
    guess = np.array(metres, np.float32)
    return Distances(guess, guess * 0.8, guess * 1.25)


def followed(distances: Distances | None = None) -> Result:
    """Two people found, and one who is hidden."""
    xyxy = np.concatenate([TWO.xyxy, as_xyxy([(50, 8, 58, 30)])])
    tracks = Tracks(
        ids=np.array([17, 300, 4]),
        xyxy=xyxy,
        scores=np.array([0.75, 0.5, 0.9], np.float32),
        confirmed=np.ones(3, bool),
        missing_s=np.array([0, 0, 0.4], np.float32),
        age_s=np.ones(3, np.float32),
    )
    frame = frame_of(scene(), "cam", 12)
    return Result(7, frame, Seen(TWO, tracks, distances), frame.captured_s + 0.02, True, "day")


def decision(result: Result) -> dict[str, Any]:
    message = decision_message(result, "car 7")
    assert message.endswith(b"\n")
    document: dict[str, Any] = json.loads(message)
    return document


def test_a_decision_says_what_was_seen_when_and_how_old_it_is() -> None:
    document = decision(result_of(frame_of(scene(), "cam", 12), TWO))
    assert (
        document.items()
        >= {
            "format": 1,
            "kind": "decision",
            "device": "car 7",
            "frame": 12,
            "source": "cam",
            "age_ms": 5.0,
            "late": False,
            "width": 64,
            "height": 48,
            "bundle": "toy",
        }.items()
    )
    assert document["people"] == [
        {"box": [16.0, 8.0, 8.0, 32.0], "score": 0.75},
        {"box": [32.0, 8.0, 8.0, 8.0], "score": 0.5},
    ]
    assert document["captured"].endswith("+00:00")


def test_people_who_are_followed_have_a_number_a_distance_and_may_be_hidden() -> None:
    first, _, hidden = decision(followed(far(8.0, 20.0, float("inf"))))["people"]
    assert first["id"] == 17
    assert first["hidden_s"] == 0.0
    assert first["distance_m"] == [8.0, 6.4, 10.0]
    assert hidden["hidden_s"] == 0.4
    assert hidden["distance_m"] == [None, None, None]


def test_a_crowd_still_fits_a_datagram() -> None:
    crowd = Boxes(np.tile(TWO.xyxy, (400, 1)), np.full(800, 0.123456, np.float32))
    message = decision_message(result_of(frame_of(scene()), crowd), "x" * 100)
    assert len(json.loads(message)["people"]) == MAX_PEOPLE
    assert len(message) < 32_000


def test_a_file_is_begun_anew_when_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "new" / "decisions.jsonl"
    outlet = LineOutlet("file", FileTarget(path, 100), Told())
    for number in range(8):
        outlet.send(b"%040d\n" % number)
        assert wait_until(lambda sent=number + 1: outlet.sent == sent)
    outlet.close()
    kept = path.with_name("decisions.jsonl.1").read_bytes() + path.read_bytes()
    assert kept.split() == [b"%040d" % number for number in range(3, 8)]
    assert outlet.dropped == 0


def test_a_file_that_cannot_be_begun_anew_does_not_grow(tmp_path: Path) -> None:
    path, told = tmp_path / "decisions.jsonl", Told()
    (tmp_path / "decisions.jsonl.1" / "in the way").mkdir(parents=True)
    target = FileTarget(path, 100)
    for _ in range(3):
        target.write(b"x" * 40)
    for _ in range(5):
        with pytest.raises(OSError, match="directory"):
            target.write(b"x" * 40)
    assert path.stat().st_size == 120
    outlet = LineOutlet("file", target, told)
    outlet.send(b"{}\n")
    assert wait_until(lambda: outlet.dropped == 1)
    outlet.close()
    assert told.has("outlet", "file cannot be written")


def test_a_file_that_somebody_deletes_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    target = FileTarget(path, 1000)
    target.write(b"first\n")
    path.unlink()
    target.write(b"second\n")
    target.close()
    assert path.read_bytes() == b"second\n"


def test_outlets_whose_readers_hang_end_together(tmp_path: Path) -> None:
    pipes = [os.pipe() for _ in range(4)]
    outlets = [LineOutlet(str(one), StreamTarget(one), Told()) for _, one in pipes]
    for outlet in outlets:
        for _ in range(400):
            outlet.send(b"x" * 400 + b"\n")  # a pipe holds 64 kB
    begun = time.monotonic()
    Outlets("car 7", outlets).close()
    assert time.monotonic() - begun < 1.0, "one after another they take more"
    for reader, _ in pipes:
        os.close(reader)  # ends the writing threads
    assert wait_until(lambda: all(outlet.dropped for outlet in outlets))
    for _, writer in pipes:
        os.close(writer)


def test_a_full_disk_costs_lines_and_is_said_once() -> None:
    told = Told()
    outlet = LineOutlet("file", FileTarget(Path("/dev/full"), 1000), told)
    for _ in range(3):
        outlet.send(b"{}\n")
        time.sleep(0.02)
    assert wait_until(lambda: outlet.dropped > 0)
    outlet.close()
    assert [text for _, _, text in told.sentences] == [
        "file cannot be written: No space left on device"
    ]


def test_a_reader_that_hangs_costs_lines_and_no_time() -> None:
    reader, writer = os.pipe()
    outlet = LineOutlet("stdout", StreamTarget(writer), Told())
    begun = time.perf_counter()
    for _ in range(3000):
        outlet.send(b"x" * 200 + b"\n")  # a pipe holds 64 kB
    taken_s = time.perf_counter() - begun
    outlet.close()
    assert taken_s < 1.0
    assert outlet.dropped > 3000 - MAX_WAITING - 64_000 // 201 - 1000
    os.close(reader)  # ends the writing thread
    os.close(writer)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    """A reader that has bound `decisions.sock`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "decisions.sock"))
        bound.settimeout(2)
        yield bound


def test_a_unix_socket_gets_each_message(listener: socket.socket, tmp_path: Path) -> None:
    settings = OutletSettings(unix=("decisions.sock",))
    outlets = open_outlets(settings, "car", tmp_path, Told())
    outlets.write(followed())
    outlets.tell_state({"camera": "no frame comes"}, trouble=True)
    assert json.loads(listener.recv(65536))["number"] == 7
    assert json.loads(listener.recv(65536)) == {
        "format": 1,
        "kind": "state",
        "device": "car",
        "camera": "no frame comes",
    }
    outlets.close()


def test_a_reader_of_datagrams_that_hangs_is_not_waited_for(
    listener: socket.socket, tmp_path: Path
) -> None:
    outlet = unix_outlet(str(tmp_path / "decisions.sock"))
    begun = time.perf_counter()
    for _ in range(2000):
        outlet.send(b"x" * 1000)
    assert time.perf_counter() - begun < 1.0
    assert outlet.dropped > 0
    for _ in range(outlet.sent):
        listener.recv(2000)
    outlet.send(b"again")
    assert listener.recv(2000) == b"again"
    outlet.close()


def test_nobody_there_costs_nothing_and_whoever_comes_is_served(tmp_path: Path) -> None:
    outlet = unix_outlet(str(tmp_path / "later.sock"))
    outlet.send(b"lost")
    assert (outlet.sent, outlet.dropped) == (0, 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "later.sock"))
        outlet.send(b"heard")
        assert bound.recv(10) == b"heard"
    outlet.close()


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_udp_gets_each_message(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        try:
            bound.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        bound.settimeout(2)
        port = bound.getsockname()[1]
        outlet = udp_outlet(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        outlet.send(b"hello")
        assert bound.recv(100) == b"hello"
        outlet.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost:9000", "127.0.0.1:0", "1.2.3.4:99999"])
def test_a_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="expected a udp address such as"):
        udp_outlet(address)


def test_can_tells_the_picture_and_the_nearest_people() -> None:
    picture, near, other = can_frames(followed(far(8.04, 20.0, 3.0)), most=8)
    assert struct.unpack("<BBBBHH", picture) == (7, 2, 1, 0, 200, 80)
    # counter, number, x and y of the feet, height, score, decimetres
    assert struct.unpack("<BBBBBBH", near) == (7, 17, 80, 212, 170, 191, 80)
    assert struct.unpack("<BBBBBBH", other)[1] == 300 % 256
    assert all(len(one) == 8 for one in (picture, near, other))


def test_can_without_distance_and_without_room() -> None:
    picture, only = can_frames(followed(), most=1)
    assert struct.unpack("<BBBBHH", picture)[-1] == UNKNOWN
    assert struct.unpack("<BBBBBBH", only)[-1] == UNKNOWN
    assert struct.unpack("<BBBBHH", trouble_frame(258)) == (2, 0, 2, 0, UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(("age_s", "told"), [(-0.5, 0), (1e6, UNKNOWN)])
def test_an_age_beyond_all_reason_still_fits_can(age_s: float, told: int) -> None:
    result = followed()
    odd = replace(result, decided_s=result.frame.captured_s + age_s)
    assert struct.unpack("<BBBBHH", can_frames(odd, most=0)[0])[4] == told


def test_a_bus_that_is_not_there_costs_nothing() -> None:
    outlet = CanOutlet("nocan9", 0x300, 8)
    begun = time.perf_counter()
    for _ in range(500):
        outlet.write(followed())
    assert time.perf_counter() - begun < 1.0
    assert (outlet.sent, outlet.dropped) == (0, 500)
    outlet.close()


@pytest.fixture
def vcan() -> Iterator[str]:
    """A virtual bus, where the kernel has one and we may make it."""
    made = [
        ["ip", "link", "add", "belican0", "type", "vcan"],
        ["ip", "link", "set", "belican0", "up"],
    ]
    try:
        for command in made:
            subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a kernel with vcan, and root: modprobe vcan")
    yield "belican0"
    subprocess.run(["ip", "link", "del", "belican0"], check=True)


def test_a_real_bus_carries_the_frames(vcan: str) -> None:
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as bus:
        bus.bind((vcan,))
        bus.settimeout(2)
        outlet = CanOutlet(vcan, 0x300, 8)
        outlet.write(followed(far(8.0, 20.0, 3.0)))
        identifiers = [struct.unpack("<IB3x8s", bus.recv(16))[0] for _ in range(3)]
        outlet.close()
    assert identifiers == [0x300, 0x301, 0x302]


@pytest.mark.parametrize(
    "text",
    [
        "{can: {interface: can0, id: 2045}}",
        "{can: {interface: can0, people: 99}}",
    ],
)
def test_can_identifiers_have_eleven_bits(text: str) -> None:
    from belisha.documents import parse_yaml

    with pytest.raises(ConfigError, match="can: expected"):
        parse_yaml(text, OutletSettings, "car.yaml")
