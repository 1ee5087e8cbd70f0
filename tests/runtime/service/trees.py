"""Trees of /sys and /proc, as machines of several kinds have them.

Names and labels of the Jetsons' files are those that NVIDIA's documentation, kernel drivers and
owners of boards tell of; the numbers are made up. No board was at hand to record one.
"""

from __future__ import annotations

from pathlib import Path

JETSON = {
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/temp": "61500",
    "sys/class/thermal/thermal_zone0/trip_point_0_type": "passive",
    "sys/class/thermal/thermal_zone0/trip_point_0_temp": "99000",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal",
    "sys/class/thermal/thermal_zone1/temp": "63250",
    "sys/class/thermal/thermal_zone1/trip_point_0_type": "passive",
    "sys/class/thermal/thermal_zone1/trip_point_0_temp": "99000",
    "sys/class/thermal/cooling_device0/type": "pwm-fan",
    "sys/class/thermal/cooling_device0/cur_state": "3",
    "sys/class/thermal/cooling_device0/max_state": "3",
    "sys/class/thermal/cooling_device1/type": "cpufreq-cpu0",
    "sys/class/thermal/cooling_device1/cur_state": "4",
    "sys/class/thermal/cooling_device1/max_state": "16",
    "sys/class/thermal/cooling_device2/type": "devfreq-17000000.gpu",
    "sys/class/thermal/cooling_device2/cur_state": "0",
    "sys/class/thermal/cooling_device2/max_state": "5",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1510400",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "2014200",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "1510400",
    "sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq": "2014200",
    "sys/class/devfreq/13e10000.host1x/cur_freq": "204000000",
    "sys/class/devfreq/17000000.gpu/cur_freq": "612000000",
    "sys/class/devfreq/17000000.gpu/max_freq": "918000000",
    "sys/class/hwmon/hwmon3/name": "ina3221",
    "sys/class/hwmon/hwmon3/in1_label": "VDD_IN",
    "sys/class/hwmon/hwmon3/in1_input": "5032",
    "sys/class/hwmon/hwmon3/curr1_input": "1760",
    "sys/class/hwmon/hwmon3/in2_label": "VDD_CPU_GPU_CV",
    "sys/class/hwmon/hwmon3/in2_input": "5024",
    "sys/class/hwmon/hwmon3/curr2_input": "520",
    "sys/class/hwmon/hwmon4/name": "soctherm_oc",
    "sys/class/hwmon/hwmon4/oc1_event_cnt": "2",
    "sys/class/hwmon/hwmon4/oc3_event_cnt": "5",
    "proc/meminfo": "MemTotal:        7802636 kB\nMemAvailable:    4000000 kB\n",
    "proc/self/status": "Name:\tbelisha\nVmHWM:\t  130000 kB\nVmRSS:\t  125000 kB\n",
}
ASLEEP = "(asleep)"
"""Stands for a file that answers with an error, as sensors of idle parts do."""
LARGE_JETSON = {
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/temp": "47500",
    "sys/class/thermal/thermal_zone2/type": "cv0-thermal",
    "sys/class/thermal/thermal_zone2/temp": ASLEEP,
    "sys/class/thermal/thermal_zone8/type": "tj-thermal",
    "sys/class/thermal/thermal_zone8/temp": "49000",
    "sys/class/devfreq/17000000.ga10b/cur_freq": ASLEEP,
    "sys/class/devfreq/17000000.ga10b/max_freq": "1300500000",
    "sys/class/hwmon/hwmon2/in1_label": "NC",
    "sys/class/hwmon/hwmon2/in1_input": ASLEEP,
    "sys/class/hwmon/hwmon3/in1_label": "VDD_GPU_SOC",
    "sys/class/hwmon/hwmon3/in1_input": "19072",
    "sys/class/hwmon/hwmon3/curr1_input": "168",
    "sys/class/hwmon/hwmon3/in3_label": "VIN_SYS_5V0",
    "sys/class/hwmon/hwmon3/in3_input": "5064",
    "sys/class/hwmon/hwmon3/curr3_input": "744",
    "sys/class/hwmon/hwmon3/in7_label": "sum of shunt voltages",
    "sys/class/hwmon/hwmon3/in7_input": "1",
    "sys/class/hwmon/hwmon4/oc1_event_cnt": "0",
}
LAPTOP = {
    "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp",
    "sys/class/thermal/thermal_zone0/temp": "48000",
    "sys/class/thermal/cooling_device0/type": "Processor",
    "sys/class/thermal/cooling_device0/cur_state": "0",
    "sys/class/thermal/cooling_device0/max_state": "10",
    "sys/class/thermal/cooling_device1/type": "intel_powerclamp",
    "sys/class/thermal/cooling_device1/cur_state": "-1",
    "sys/class/thermal/cooling_device1/max_state": "50",
    "sys/class/thermal/cooling_device2/type": "LCD",
    "sys/class/thermal/cooling_device2/cur_state": "7",
    "sys/class/thermal/cooling_device2/max_state": "7",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "3",
    "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "4",
    "proc/meminfo": "MemAvailable:    12000000 kB\n",
}


def plant(root: Path, tree: dict[str, str]) -> Path:
    """Write a tree."""
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if text == ASLEEP:
            file.mkdir()  # reading a folder is an error too
        else:
            file.write_text(text + "\n")
    return root
