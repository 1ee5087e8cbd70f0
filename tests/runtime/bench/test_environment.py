"""What a figure was measured on; what cannot be read is nothing, never zero."""

from __future__ import annotations

from pathlib import Path

import pytest

from belisha.bench.accelerator import parse_gpu, parse_l4t, parse_power_mode, read_jetson
from belisha.bench.environment import parse_processor, read_environment, resident_mb
from belisha.bench.sensors import read_sensors
from belisha.bench.words import environment_facts

X86 = """processor	: 0
model name	: Some Processor
flags		: fpu sse2 avx2 avx512_vnni hypervisor constant_tsc
"""
ARM = """processor	: 0
Features	: fp asimd aes asimddp
CPU part	: 0xd42
"""


def test_this_machine_can_be_described() -> None:
    environment = read_environment()
    assert environment.processor.cores >= 1
    assert {"numpy", "onnxruntime"} <= environment.libraries.keys()
    facts = environment_facts(environment)
    assert all(facts.values())
    assert "0.0 °C" not in facts["temperature"]


def test_features_are_those_that_decide() -> None:
    assert parse_processor(X86) == ("Some Processor", ("avx2", "avx512_vnni"), True)
    assert parse_processor(ARM) == (None, ("asimd", "asimddp"), False)
    assert parse_processor("") == (None, (), False)


def test_memory_is_that_of_this_process() -> None:
    resident, peak = resident_mb()
    if resident is None or peak is None:
        pytest.skip("/proc/self/status cannot be read here")
    assert 10 < resident <= peak


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_zones_that_answer_are_read_with_their_limits(tmp_path: Path) -> None:
    write(
        tmp_path / "class/thermal/thermal_zone0",
        type="cpu-thermal\n",
        temp="48500\n",
        trip_point_0_type="passive\n",
        trip_point_0_temp="99000\n",
        trip_point_1_type="active\n",
        trip_point_1_temp="30000\n",
        trip_point_2_type="critical\n",
        trip_point_2_temp="104500\n",
    )
    write(tmp_path / "class/thermal/thermal_zone1", type="gpu-thermal", temp="51000")
    for core, clock in enumerate(("1500000", "1900000")):
        write(tmp_path / f"devices/system/cpu/cpu{core}/cpufreq", scaling_cur_freq=clock)
    sensors = read_sensors(tmp_path)
    assert sensors.temperatures_c == {"cpu-thermal": 48.5, "gpu-thermal": 51.0}
    assert sensors.limits_c == {"cpu-thermal": 99.0}
    assert sensors.hottest_c == 51.0
    assert sensors.headroom_c == 50.5
    assert sensors.frequency_mhz == 1700


@pytest.mark.parametrize("text", ["", "rubbish", "-273000", "4294967295"])
def test_a_sensor_that_talks_nonsense_is_absent_not_cold(tmp_path: Path, text: str) -> None:
    write(tmp_path / "class/thermal/thermal_zone0", type="cpu", temp=text)
    sensors = read_sensors(tmp_path)
    assert sensors.temperatures_c == {}
    assert sensors.hottest_c is None
    assert sensors.headroom_c is None
    assert sensors.frequency_mhz is None


def test_nvidias_tools_are_understood_and_their_gaps_kept() -> None:
    gpu = parse_gpu("NVIDIA H100 80GB HBM3, 570.86, 34, 1980, 700.00\n")
    assert gpu is not None
    assert (gpu.name, gpu.driver, gpu.clock_mhz) == ("NVIDIA H100 80GB HBM3", "570.86", 1980)
    board = parse_gpu("Orin (nvgpu), 540.4.0, [N/A], [N/A], [N/A]\n")
    assert board is not None
    assert board.temperature_c is None
    assert parse_gpu("") is None


def test_a_jetson_is_told_by_its_files(tmp_path: Path) -> None:
    assert read_jetson(tmp_path) is None
    write(tmp_path / "proc/device-tree", model="NVIDIA Jetson Orin Nano Developer Kit\0")
    write(tmp_path / "etc", nv_tegra_release="# R36 (release), REVISION: 4.3, GCID: 1, BOARD: g\n")
    jetson = read_jetson(tmp_path)
    assert jetson is not None
    assert jetson.board == "NVIDIA Jetson Orin Nano Developer Kit"
    assert jetson.l4t == "36.4.3"


def test_versions_in_other_words_are_not_guessed() -> None:
    assert parse_l4t("nothing of the kind") is None
    assert parse_power_mode("NV Power Mode: MAXN_SUPER\n2\n") == "MAXN_SUPER"
    assert parse_power_mode("") is None
