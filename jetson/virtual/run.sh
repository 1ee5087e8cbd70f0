#!/usr/bin/env bash
# Proves the package without a board. Needs root, no GPU, no KVM.
#
#   jetson/virtual/run.sh a     arm64 programs emulated one by one: libraries load, outputs equal x86's
#   jetson/virtual/run.sh b     a whole device with systemd: flashed over SSH and as a rootfs, tormented
#
#   apt-get install qemu-user-static binfmt-support mmdebstrap arch-test systemd-container openssh-client zstd
#
# What is slow to make is kept in build/jetson; figures are added to build/jetson/virtual/figures.tsv.
# Where privileges or tools lack, a tier says so and is skipped.
set -euo pipefail
# shellcheck source=machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/machine.sh"
# shellcheck source=emulation.sh
source "$here/emulation.sh"
# shellcheck source=systemd.sh
source "$here/systemd.sh"

mkdir -p "$work"
cd "$checkout"
describe_processors
[ $# -gt 0 ] || { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '/^set /d'; exit 2; }
for tier in "$@"; do
	case $tier in
		a) (emulation_tier) ;;
		b) (systemd_tier) ;;
		*) fail "expected tiers a and b; got $tier" ;;
	esac
done
