"""The service's page in a real browser: it lives, buttons work, phones are served."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import belisha
from belisha import champion
from belisha.bundle import Bundle
from belisha.service.access import AccessSettings, Group
from belisha.service.activity import ActivityLog
from belisha.service.activity_entries import Event
from belisha.service.engine_watch import EngineHistory, EngineSwitch
from belisha.service.health import HealthState
from belisha.service.health_degrade import Degradation
from belisha.service.page.live import Shown
from belisha.service.page.page import Page
from belisha.service.page.settings import PageSettings
from belisha.service.status import Alarm, Buckets, Counts, InForce, Status
from tests.browser.chromium import CHROMIUM
from tests.browser.devtools import Browser
from tests.runtime.service.logs import Clocks, busy_second
from tests.runtime.service.page.visits import opened, token_file

PICTURES = Path(__file__).parents[2] / "runs" / "browser"
TOKEN = "token-of-the-workshop"
LIVE = 'document.getElementById("state").textContent === "live"'

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs a browser: apt-get install chromium"),
]

EDGES = tuple(round(10 ** (step / 10), 3) for step in range(20))
BUCKETS = Buckets(EDGES, (*(0,) * 4, 400, 2600, 1500, 200, 30, 5, *(0,) * 10), 15000.0)
STATUS = Status(
    name="van 7, front",
    up_s=7260.0,
    camera="/dev/video0, 640x480 at 30 Hz",
    frame_age_s=0.03,
    counts=Counts(captured=217800, processed=217745, dropped=51, missed=12, failed=4, people=90211),
    latency=BUCKETS,
    stages=dict.fromkeys(("prepare", "infer", "decode", "track", "sinks"), BUCKETS),
    in_force=InForce(
        bundle="belisha-small",
        digest="9dd9195490d2" + "0" * 52,
        engine="ONNX Runtime 1.32 on the CPU, int8_cpu, 1 thread",
        passed_over=("tensorrt could not be used: libcuda.so.1 is not on this machine",),
        rule="day",
        reason="light is 143, above 60",
        threshold=0.4,
    ),
    bundles=("belisha-small", "belisha-night"),
    rules=(
        "night: light below 60 -> belisha-night, least score 0.35",
        "day: otherwise -> belisha-small, least score 0.4",
    ),
    health=HealthState(
        hottest_c=71.5,
        headroom_c=23.5,
        clock_mhz=1510,
        clock_share=1.0,
        throttling=0.0,
        power_w=8.4,
        memory_mb=128,
        memory_free_mb=4096,
        disk_free_mb=21500,
    ),
    versions={"belisha": "0.1.0", "rules": "4f2a9c1d77aa", "release": "2026-47"},
)


class Service:
    """The shipped detector on the shipped drive, with a page; alarms come and go as a test says.

    Args:
        folder: for log and frames.
        access: who may do what.
    """

    def __init__(self, folder: Path, access: AccessSettings) -> None:
        self.folder, self.status = folder, STATUS
        self.switched: list[str | None] = []
        self.driving = True
        self.log = self._past(folder / "activity.db")
        settings = PageSettings(listen="127.0.0.1:0", access=access)
        self.page = Page(
            settings,
            lambda: replace(self.status, log=self.log.state),
            log=self.log,
            feedback=folder / "kept",
            switch=self._switch,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drive)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.log.close(30)

    def _switch(self, bundle: str | None) -> str:
        self.switched.append(bundle)
        return f"switched to {bundle}"

    @staticmethod
    def _past(path: Path) -> ActivityLog:
        """Five minutes of a log."""
        clocks, chance = Clocks(), np.random.default_rng(5)
        log = ActivityLog(path, utc=clocks.utc, up_s=clocks.up_s)
        log.add_event(Event(name="start", text="belisha 0.1.0 started on /dev/video0"))
        for _ in range(295):
            clocks.tick()
            worst = 4.5 + chance.gamma(2.0, 0.7) + 25 * (chance.random() < 0.02)
            dropped = int(chance.random() < 0.03)
            log.add_second(busy_second(3, worst_ms=worst, dropped=dropped))
        log.add_event(
            Event(name="camera", level="warning", text="/dev/video0 was silent for 1.0 s")
        )
        return log

    def _drive(self) -> None:
        recording = cv2.VideoCapture(str(champion.BUNDLE.with_name("demo.webm")))
        frames = [frame for _, frame in iter(recording.read, (False, None))]
        recording.release()
        with belisha.Detector.open(threads=1) as detector:
            for number in itertools.count(60):
                if self._stop.wait(0.1):
                    return
                frame, begun = frames[number % len(frames)], time.perf_counter()
                boxes = detector(frame)
                labels = tuple(  # the distances are made up
                    f"#{one + 1}  {9 + 4 * one}-{11 + 5 * one} m" for one in range(len(boxes))
                )
                words = f"{len(boxes)} people; the nearest about 10 m ahead"
                if self.driving:
                    shown = Shown(frame, number, "front", begun, boxes, labels, words)
                    self.page.publish(shown)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    made = Service(folder, AccessSettings(loopback=("page", "log", "switch")))
    with opened(made.page):
        yield made
    made.close()


@pytest.fixture(scope="module")
def desk(service: Service) -> Iterator[Browser]:
    with Browser(1280, 900) as browser:
        browser.open(service.page.url)
        browser.wait_for(f"document.getElementById('state') && {LIVE}")
        yield browser


def differs(browser: Browser) -> bool:
    """Whether the picture changes within a moment."""
    look = "document.getElementById('picture').toDataURL('image/png').length"
    first, end = browser.ask(look), time.monotonic() + 5
    while time.monotonic() < end:
        if browser.ask(look) != first:
            return True
        time.sleep(0.1)
    return False


def test_it_shows_the_drive_with_boxes_and_numbers(desk: Browser) -> None:
    assert desk.ask("[picture.width, picture.height]") == [640, 480]
    assert differs(desk)
    amber = (
        "(() => { const data = picture.getContext('2d').getImageData(0, 0, 640, 480).data;"
        "let count = 0; for (let at = 0; at < data.length; at += 4)"
        "count += data[at] === 255 && data[at + 1] === 191 && data[at + 2] === 0; return count })()"
    )
    desk.wait_for(f"{amber} > 300")
    words = desk.ask("document.body.innerText")
    for expected in (
        "van 7, front",
        "Fallback: tensorrt could not be used",
        "belisha-small (9dd9195490d2)",
        "day: light is 143",
        "71.5 °C",
        "8.4 W",
        "217,745",
        "was silent for 1.0 s",
    ):
        assert expected in words
    assert desk.ask("document.querySelectorAll('#latency-plot path').length") == 2
    assert desk.ask("document.querySelector('#latency-plot .p50').getAttribute('d').length") > 1000


def test_nothing_is_loaded_from_elsewhere(desk: Browser, service: Service) -> None:
    loaded = desk.ask("performance.getEntriesByType('resource').map((one) => one.name)")
    assert all(one.startswith((service.page.url, "blob:")) for one in loaded)


@pytest.mark.parametrize("dark", [False, True])
def test_by_day_and_at_night(desk: Browser, dark: bool) -> None:
    desk.dark(dark)
    time.sleep(0.5)
    name = "page-dark.png" if dark else "page-light.png"
    picture = np.asarray(cv2.imread(str(desk.screenshot(PICTURES / name))))
    corner = float(picture[-20:, :20].mean())
    assert corner < 60 if dark else corner > 240
    desk.dark(False)


def test_missed_keeps_the_frame_and_a_tap_the_place(desk: Browser, service: Service) -> None:
    desk.ask("document.getElementById('missed').click()")
    desk.wait_for("document.getElementById('said').textContent.startsWith('Kept. Tap the person')")
    assert not differs(desk), "the picture that was judged stays"
    desk.screenshot(PICTURES / "page-held.png")
    desk.ask(
        "(() => { const box = picture.getBoundingClientRect(); picture.dispatchEvent("
        "new MouseEvent('click', {clientX: box.left + box.width / 2, "
        "clientY: box.top + box.height / 4}))"
        "})()"
    )
    desk.wait_for("document.getElementById('said').textContent.startsWith('Kept, with the place')")
    (document,) = [
        json.loads(path.read_text())
        for path in (service.folder / "kept").glob("*.json")
        if "before" not in path.name
    ]
    assert (document["kind"], document["who"]) == ("missed", "loopback")
    x, y = document["point"]
    assert abs(x - 320) < 2
    assert abs(y - 120) < 2
    picture = next((service.folder / "kept").glob("*-missed-*[0-9].png"))
    assert np.asarray(cv2.imread(str(picture))).shape == (480, 640, 3)
    assert differs(desk), "the drive goes on"


def test_a_model_can_be_chosen_by_hand(desk: Browser, service: Service) -> None:
    desk.ask("bundle.value = 'belisha-night'; document.querySelector('#switch button').click()")
    desk.wait_for("document.getElementById('said').textContent === 'switched to belisha-night'")
    assert service.switched == ["belisha-night"]


def test_alarms_and_a_silent_camera_cannot_be_overlooked(desk: Browser, service: Service) -> None:
    service.status = replace(
        STATUS,
        alarms=(Alarm("alarm", "the camera gives black frames", 12.0),),
        degradation=Degradation(("hot",), "belisha-tiny", 10.0),
    )
    desk.wait_for("document.getElementById('state').textContent === 'alarm'")
    assert "the camera gives black frames for 12 s" in desk.ask("alarms.innerText")
    assert "Doing less (hot): model belisha-tiny, at most 10 frames" in desk.ask("alarms.innerText")
    service.driving = False
    desk.wait_for("document.getElementById('state').textContent === 'no picture'")
    assert desk.ask("view.classList.contains('stale')")
    desk.screenshot(PICTURES / "page-alarm.png")
    service.driving, service.status = True, STATUS
    desk.wait_for(LIVE)


def test_an_engine_that_was_replaced_is_shown_with_the_reason(
    desk: Browser, service: Service
) -> None:
    assert "never since the start" in desk.ask("document.getElementById('in-force').innerText")
    reason = "tensorrt: failed: the device is lost; onnxruntime serves instead"
    fallback = "tensorrt is not used: failed: the device is lost; onnxruntime serves instead"
    last = EngineSwitch("belisha-small", "tensorrt", "onnxruntime", reason, STATUS.up_s - 300)
    service.status = replace(
        STATUS,
        engines=EngineHistory(2, last),
        in_force=replace(STATUS.in_force, passed_over=(fallback,)),
        alarms=(Alarm("warning", f"fallback: {fallback}", 300.0),),
    )
    told = "document.getElementById('in-force').innerText"
    desk.wait_for(f"{told}.includes('5 min ago, the last of 2 times: belisha-small from tensorrt')")
    assert reason in desk.ask(told)
    assert desk.ask("alarms.innerText.split('is not used').length") == 2, "said once"
    desk.screenshot(PICTURES / "page-switched.png")
    service.status = STATUS
    desk.wait_for(LIVE)


def test_a_hidden_page_costs_the_device_nothing(desk: Browser) -> None:
    hide = "Object.defineProperty(document, 'hidden', {{get: () => {}, configurable: true}});"
    tell = "document.dispatchEvent(new Event('visibilitychange'))"
    desk.ask(hide.format("true") + tell)
    desk.wait_for("stop === null")
    assert not differs(desk)
    desk.ask(hide.format("false") + tell)
    desk.wait_for("stop !== null")
    assert differs(desk)


def test_on_a_phone_nothing_sticks_out_and_buttons_suit_a_thumb(service: Service) -> None:
    with Browser(390, 844, phone=True) as phone:
        phone.open(service.page.url)
        phone.wait_for(f"document.getElementById('state') && {LIVE}")
        assert phone.ask("document.documentElement.scrollWidth") <= 390
        sides = "(({width, height}) => [width, height])(missed.getBoundingClientRect())"
        width, height = phone.ask(sides)
        assert width > 150
        assert height > 44
        assert phone.ask("missed.getBoundingClientRect().bottom") < 844, "without scrolling"
        phone.wait_for("!tiles.innerText.includes('\u2013')")
        phone.screenshot(PICTURES / "page-phone.png")


def test_from_elsewhere_one_signs_in(tmp_path: Path, toy: Bundle) -> None:
    groups = {"workshop": Group(rights=("page",), token_file=token_file(tmp_path, TOKEN))}
    settings = PageSettings(listen="127.0.0.1:0", access=AccessSettings(loopback=(), groups=groups))
    with opened(Page(settings, lambda: STATUS)) as page, Browser(390, 844, phone=True) as phone:
        phone.open(page.url)
        phone.wait_for("document.getElementById('login') !== null")
        phone.screenshot(PICTURES / "page-sign-in.png")
        fill = "token.value = '{}'; document.querySelector('button').click()"
        phone.ask(fill.format("wrong-token-of-nobody"))
        phone.wait_for("answer.textContent === 'nobody has this token'")
        phone.ask(fill.format(TOKEN))
        phone.wait_for("document.getElementById('tiles') !== null")
        phone.wait_for("document.body.innerText.includes('van 7, front')")
        assert phone.ask("document.getElementById('buttons').hidden"), "no folder for frames"
        phone.ask("document.getElementById('sign-out').click()")
        phone.wait_for("document.getElementById('login') !== null")
