"""Set crop, height and horizon of the camera on its live picture, and write them into car.yaml.

Examples:
  belisha setup --config car.yaml                            # on the car's own camera
  belisha setup /dev/video0 --config car.yaml
  belisha setup drive.mp4 --config car.yaml --picture look.jpg
  belisha setup --config car.yaml --height 1.35 --fov 62 --horizon 0.47 --crop 0.15 0.9 --write

Opens a page with sliders for this machine alone; from another one, reach it through a tunnel:
  ssh -L 8095:127.0.0.1:8095 car
The drawing shows what the values mean: the horizon, a lane of 3.5 m with distances, grown-ups of
1.68 m. While it runs it looks for people, and from a dozen of them it guesses the horizon.

Without a browser: --picture draws the values on one frame; --write saves them. Only the camera's
mounting is changed in the file; comments and all else stay. A wrong value changes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from belisha.bundle import write_whole
from belisha.cameras import Camera, Frame, NoFrame
from belisha.cameras.opening import open_source
from belisha.cameras.settings import CameraSettings
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options, open_detector
from belisha.errors import SourceError, UsageError
from belisha.service.config import read_config
from belisha.service.mounting import Mounting
from belisha.service.setup.car_file import mounting_lines, read_mounting, write_mounting
from belisha.service.setup.feed import Feed
from belisha.service.setup.overlay import as_jpeg, draw_mounting
from belisha.service.setup.server import LOOPBACK, SetupPage, open_server

PORT = 8095
_FIRST_FRAME_S = 10.0
"""A camera that gives nothing for so long gives nothing."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "source",
        nargs="?",
        help="what to look at: /dev/video0, rtsp://..., csi:0, a video (default: the car's camera)",
    )
    parser.add_argument(
        "--config", type=Path, default=Path("car.yaml"), metavar="FILE", help="(default: car.yaml)"
    )
    parser.add_argument("--height", type=float, metavar="M", help="of the lens above the road")
    parser.add_argument("--fov", type=float, metavar="DEG", help="horizontal field of view")
    parser.add_argument("--horizon", type=float, metavar="SHARE", help="of the picture's height")
    parser.add_argument(
        "--crop", type=float, nargs=2, metavar=("TOP", "BOTTOM"), help="rows to look at, as shares"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.jpg", help="draw one frame, no page")
    parser.add_argument("--write", action="store_true", help="write the values, no page")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"(default: {PORT})")
    parser.add_argument("--no-guess", action="store_true", help="do not look for people")
    add_detector_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Draw, write, or serve the page until Ctrl-C."""
    mounting = _asked(read_mounting(arguments.config), arguments)
    if arguments.picture:
        _draw(arguments, mounting)
    if arguments.write:
        write_mounting(arguments.config, mounting)
        print(f"written: {arguments.config}")
    if not (arguments.picture or arguments.write):
        _serve(arguments)
        mounting = read_mounting(arguments.config)
    print(mounting_lines(mounting), end="")
    return Outcome({"config": str(arguments.config), "mounting": asdict(mounting)})


def _asked(stated: Mounting, arguments: argparse.Namespace) -> Mounting:
    """The file's mounting with what the options change."""
    options = {
        "height_m": arguments.height,
        "fov_deg": arguments.fov,
        "horizon": arguments.horizon,
        "crop": tuple(arguments.crop) if arguments.crop else None,
    }
    changes: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if changes and not (arguments.picture or arguments.write):
        raise UsageError(
            "values on the command line need --picture or --write; the page has sliders"
        )
    try:
        return replace(stated, **changes)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _camera(arguments: argparse.Namespace) -> CameraSettings:
    """The camera that was named, or else the car's own; files are not paced."""
    if arguments.source is not None:
        return CameraSettings(source=arguments.source, paced=False)
    if not arguments.config.exists():
        raise UsageError(
            f"{arguments.config} is not there yet: name a source to look at, such as /dev/video0"
        )
    settings = read_config(arguments.config).camera
    return replace(settings, paced=False) if settings.is_file else settings


def _open(arguments: argparse.Namespace, settings: CameraSettings) -> Camera:
    named = arguments.source is not None
    return open_source(settings, Path() if named else arguments.config.parent)


def _draw(arguments: argparse.Namespace, mounting: Mounting) -> None:
    """The values on one frame, as a picture."""
    settings = _camera(arguments)
    camera = _open(arguments, settings)
    try:
        frame = _first_frame(camera)
    finally:
        camera.close()
    if frame is None:
        raise SourceError(f"{settings.source or settings.pipeline}: there is no frame in it")
    try:
        write_whole(arguments.picture, as_jpeg(draw_mounting(frame.image_bgr, mounting)))
    except OSError as error:
        raise UsageError(f"{arguments.picture}: cannot be written: {error.strerror}") from error
    print(f"written: {arguments.picture}")


def _first_frame(camera: Camera) -> Frame | None:
    """The first frame of a camera; a live one may need a moment."""
    begun = time.monotonic()
    frame = camera.read()
    while isinstance(frame, NoFrame):
        if time.monotonic() - begun > _FIRST_FRAME_S:
            return None
        frame = camera.read()
    return frame


def _serve(arguments: argparse.Namespace) -> None:
    """The page, until Ctrl-C."""
    settings = _camera(arguments)
    if settings.is_file:
        _open(arguments, settings).close()  # a misspelt name is said at once
    detector = None if arguments.no_guess else open_detector(arguments)
    feed = Feed(lambda: _open(arguments, settings), detector, live=not settings.is_file)
    try:
        with open_server(SetupPage(feed, arguments.config), arguments.port) as server:
            port = server.server_address[1]
            print(f"open http://{LOOPBACK}:{port}/ in a browser; Ctrl-C ends it", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        feed.close()
        if detector is not None:
            detector.close()
