"""CSI cameras: NVIDIA's pipeline runs unchanged with elements of the test under NVIDIA's names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.cameras.gstreamer import pipeline_of
from belisha.cameras.settings import CameraSettings
from belisha.errors import ConfigError
from tests.gstreamer import run_with_gstreamer

STAND_INS = """
import time

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst
Gst.init(None)

PLAIN = "video/x-raw,format=NV12,width=322,height=240,framerate=30/1"
# The memory of NVIDIA's camera is in its caps only: the stand-in says so and gives plain memory.
NVMM = PLAIN.replace("raw", "raw(memory:NVMM)")
FRAME = bytes(324 * 240) + bytes([128]) * (324 * 120)  # black, with a white square that moves
SENT = [0]

def feed(source, length):
    if SENT[0] == NUMBER:
        source.emit("end-of-stream")
        return
    time.sleep(1 / 30)
    picture, at = bytearray(FRAME), 324 * 100 + 4 * (SENT[0] % 50)
    for row in range(20):
        picture[at + 324 * row : at + 324 * row + 20] = bytes([235]) * 20
    SENT[0] += 1
    source.emit("push-buffer", Gst.Buffer.new_wrapped(bytes(picture)))

def hand_on(sink, out):
    out.emit("push-buffer", sink.emit("pull-sample").get_buffer())
    return Gst.FlowReturn.OK

def connect(elements):
    if "in" not in elements:
        elements["out"].connect("need-data", feed)
        return
    elements["in"].connect("new-sample", hand_on, elements["out"])
    elements["in"].connect("eos", lambda sink: elements["out"].emit("end-of-stream"))

def stand_in(name, descriptions, properties):
    def init(self):
        Gst.Bin.__init__(self)
        elements = {}
        for pad, description in descriptions.items():
            inner = Gst.parse_bin_from_description(description, True)
            self.add(inner)
            self.add_pad(Gst.GhostPad.new(pad, inner.get_static_pad(pad)))
            elements.update({one: inner.get_by_name(one) for one in ("in", "out")
                             if inner.get_by_name(one)})
        connect(elements)

    pads = tuple(descriptions)
    directions = {"src": Gst.PadDirection.SRC, "sink": Gst.PadDirection.SINK}
    kind = type(name.capitalize(), (Gst.Bin,), {
        "__gstmetadata__": (name, "Test", "stands for NVIDIA's", "tests"),
        "__gsttemplates__": tuple(
            Gst.PadTemplate.new(pad, directions[pad], Gst.PadPresence.ALWAYS, Gst.Caps.new_any())
            for pad in pads),
        "__gproperties__": {one: (int, one, one, 0, 99, 0, GObject.ParamFlags.READWRITE)
                            for one in properties},
        "__init__": init,
        "do_get_property": lambda self, which: 0,
        "do_set_property": lambda self, which, value: None,
    })
    GObject.type_register(kind)
    Gst.Element.register(None, name, Gst.Rank.NONE, kind)

OUT = "appsrc name=out is-live=true do-timestamp=true format=time"
stand_in("nvarguscamerasrc", {"src": f'{OUT} caps="{NVMM}"'}, ("sensor-id",))
stand_in(
    "nvvidconv",
    {
        "src": f'{OUT} caps="{PLAIN}" ! videoconvert',
        "sink": "appsink name=in emit-signals=true sync=false async=false",
    },
    ("flip-method",),
)
"""
READ = """
import json, time
from belisha.cameras import Frame
from belisha.cameras.gstreamer import GStreamerCamera
from belisha.cameras.settings import CameraSettings
from belisha.errors import BelishaError

frames = []
try:
    camera = GStreamerCamera(CameraSettings(SETTINGS))
    begun = time.monotonic()
    while len(frames) < 12 and time.monotonic() < begun + 20:
        frame = camera.read()
        if isinstance(frame, Frame):
            age = time.perf_counter() - frame.captured_s
            frames.append([list(frame.image_bgr.shape), int(frame.image_bgr.max()), age])
    camera.close()
    print(json.dumps({"frames": frames}))
except BelishaError as error:
    print(json.dumps({"frames": frames, "kind": type(error).__name__, "error": str(error)}))
"""
CSI = "source='csi:0', width=322, height=240, rate_hz=30, flip=2"


def seen(folder: Path, settings: str, number: int = -1) -> dict[str, object]:
    """What a camera gives, and how it ends."""
    code = (STAND_INS + READ).replace("NUMBER", str(number)).replace("SETTINGS", settings)
    done = run_with_gstreamer(code, folder)
    assert done.returncode == 0, done.stderr
    document: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return document


def test_the_pipeline_of_a_csi_camera_runs_as_it_is(tmp_path: Path) -> None:
    frames = seen(tmp_path, CSI)["frames"]
    assert isinstance(frames, list)
    assert len(frames) == 12
    for shape, brightest, age_s in frames:
        assert shape == [240, 322, 3]  # rows of 966 bytes lie 968 apart
        assert brightest > 200
        assert 0 <= age_s < 1


def test_the_end_of_a_pipeline_is_a_lost_source(tmp_path: Path) -> None:
    document = seen(tmp_path, CSI, number=3)
    assert (document["kind"], document["error"]) == ("SourceError", "csi:0: ended")


def test_any_pipeline_can_be_given(tmp_path: Path) -> None:
    frames = seen(tmp_path, "pipeline='videotestsrc is-live=true ! video/x-raw,width=64,height=48'")
    assert isinstance(frames["frames"], list)
    assert frames["frames"][0][0] == [48, 64, 3]


def test_a_wrong_pipeline_says_what_is_wrong(tmp_path: Path) -> None:
    document = seen(tmp_path, "pipeline='nonsensesrc ! identity'")
    assert document["kind"] == "ConfigError"
    assert 'no element "nonsensesrc"' in str(document["error"])


def test_a_csi_camera_becomes_nvidias_pipeline() -> None:
    settings = CameraSettings(source="csi:1", width=1280, height=720, rate_hz=30, flip=2)
    assert pipeline_of(settings) == (
        "nvarguscamerasrc sensor-id=1 ! "
        "video/x-raw(memory:NVMM),format=NV12,width=1280,height=720,framerate=30/1 ! "
        "nvvidconv flip-method=2 ! video/x-raw,format=BGRx ! "
        "videoconvert ! video/x-raw,format=BGR ! "
        "appsink name=belisha drop=true max-buffers=1 sync=false"
    )


def test_a_csi_camera_needs_a_number() -> None:
    with pytest.raises(ConfigError, match="expected a source such as csi:0, got 'csi:front'"):
        pipeline_of(CameraSettings(source="csi:front"))
