#!/usr/bin/env bash
# Proves the package without a board: trials with a verdict each. Needs root; no GPU, no KVM.
#
#   jetson/virtual/run.sh a     arm64 programs emulated one by one: libraries load, outputs equal x86's
#   jetson/virtual/run.sh b     a whole device with systemd: flashed over SSH and as a rootfs, tormented
#   jetson/virtual/run.sh c     a kernel of its own, with its camera: unplugged, and power cuts
#
#   apt-get install qemu-user-static binfmt-support mmdebstrap arch-test systemd-container openssh-client zstd
#   and for c: apt-get install qemu-system-arm qemu-utils e2fsprogs kmod cpio
#
# What is slow to make is kept in build/jetson. What passed is not tried again until the package or a trial
# changes; FRESH=1 repeats it. Where privileges or tools lack, a tier says so and is skipped.
# The verdicts stand in build/jetson/virtual/result.json, what each trial said in trials/.
set -euo pipefail
# shellcheck source=machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
# shellcheck source=trials.sh
source "$here/trials.sh"
# shellcheck source=device.sh
source "$here/device.sh"
# shellcheck source=emulation.sh
source "$here/emulation.sh"
# shellcheck source=systemd.sh
source "$here/systemd.sh"
# shellcheck source=kernel.sh
source "$here/kernel.sh"
# shellcheck source=camera.sh
source "$here/camera.sh"
# shellcheck source=power_cuts.sh
source "$here/power_cuts.sh"

[ $# -gt 0 ] || { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '/^set /d'; exit 2; }
cd "$checkout"
mkdir -p "$results"
for tier in "$@"; do
	rm -f "$results/$tier"
	case $tier in
		a) tier a "emulated programs" emulation_tier 'emulation.sh outputs.py cpuinfo' ;;
		b) tier b "a device with systemd" systemd_tier 'systemd.sh belisha.yaml cpuinfo processors.service' ;;
		c) tier c "a kernel of its own" kernel_tier 'kernel.sh initrd.sh camera.sh camera_kinds.py play.sh power_cuts.sh log_end.py log_writer.sh log_writer.py camera.yaml' ;;
		*) echo "expected tiers a, b, c; got $tier" >&2; exit 2 ;;
	esac
done
"$python" -m jetson trials "$results" --tiers "$@" --out "$work/result.json"
