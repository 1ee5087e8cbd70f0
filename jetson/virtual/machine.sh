# shellcheck shell=bash
# What all tiers need: folders, patience, the cached rootfs, the package. Sourced by run.sh.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
work=${BELISHA_VIRTUAL:-$checkout/build/jetson/virtual}
python=$(realpath --no-symlinks "${PYTHON:-$checkout/.venv/bin/python}")
# Where this machine has its own packages from, unless another mirror is named.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2> /dev/null | grep -m 1 '/debian/$' || true)}
release=bookworm
target=debian12
rootfs_tar=$work/$release-arm64.tar.zst
# How patient to be: emulation takes a hundred times as long as a board, more on a busy machine.
patience_s=${PATIENCE_S:-1800}

# Whether a process is there; one that has ended and that nobody has asked about is not, but for threads
# of it that still end (l) and hold its files meanwhile.
lives() { case $(ps -o stat= -p "${1:-0}" 2> /dev/null) in Z*l*) ;; '' | Z*) return 1 ;; esac; }

# Registers the emulator, so that arm64 programs run; on machines with binfmt-support it is there.
need_emulation() {
	[ "$(id -u)" = 0 ] || skip "this needs root"
	command -v qemu-aarch64-static > /dev/null || skip "no qemu: apt-get install qemu-user-static"
	if [ ! -e /proc/sys/fs/binfmt_misc/register ]; then
		mount -t binfmt_misc binfmt /proc/sys/fs/binfmt_misc 2> /dev/null || skip "binfmt_misc cannot be mounted here"
	fi
	if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
		cat /usr/lib/binfmt.d/qemu-aarch64.conf > /proc/sys/fs/binfmt_misc/register \
			|| skip "binfmt_misc takes no emulator here"
	fi
	unshare --mount true 2> /dev/null || skip "no mount namespaces here"
}

# Debian for arm64 with systemd and sshd; made once, minutes.
need_rootfs() {
	[ -e "$rootfs_tar" ] && return
	command -v mmdebstrap > /dev/null || skip "no mmdebstrap: apt-get install mmdebstrap arch-test"
	[ -n "$mirror" ] || skip "no mirror of Debian is known: set DEBIAN_MIRROR"
	say "making the rootfs, once"
	local began
	began=$(date +%s.%N)
	mmdebstrap --quiet --variant=minbase --architectures=arm64 \
		--aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include=systemd-sysv,dbus,python3,openssh-server,libglib2.0-0,udev,kmod,iproute2,procps,sudo,adduser \
		"$release" - "$mirror" | zstd -q -T0 -3 -o "$rootfs_tar.new" --force || fail "mmdebstrap could not make a rootfs"
	mv "$rootfs_tar.new" "$rootfs_tar"
	figure "rootfs made, s" "$(seconds_since "$began")"
}

# A fresh device in a folder.
unpack_rootfs() {
	rm -rf "$1"
	mkdir -p "$1"
	tar -C "$1" --zstd -xpf "$rootfs_tar" --exclude=./dev/*
}

# The package, newly built from this checkout, or the one that PACKAGE names.
need_package() {
	local began answer
	package=${PACKAGE:-}
	if [ -z "$package" ]; then
		began=$(date +%s.%N)
		answer=$("$python" -m jetson deb --target "$target" --out "$work" --json 2> "$work/deb.log" | tail -n 1) \
			|| fail "the package cannot be built, see $work/deb.log"
		package=$("$python" -c 'import json, sys; print(json.loads(sys.argv[1])["path"])' "$answer")
		figure "package built, s" "$(seconds_since "$began")"
		figure "package, MB" "$(awk -v b="$(stat -c %s "$package")" 'BEGIN {printf "%.1f", b / 1e6}')"
	fi
	[ -r "$package" ] || fail "PACKAGE: cannot read $package"
	tried=$(fingerprint)
}

# The processors that a Jetson shows, as many as the host has: ONNX Runtime crashes where the host's own
# description shines through, or where their number is not that of /sys.
describe_processors() {
	local index
	for index in $(seq 0 $(($(nproc --all) - 1))); do
		sed "s/@INDEX@/$index/" "$here/cpuinfo"
		echo
	done > "$work/cpuinfo"
}

# Runs a program inside a device that is not booted.
inside() {
	unshare --mount bash -c 'mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" &&
		mount --bind "$2" "$1/proc/cpuinfo" && root=$1 && shift 2 && exec chroot "$root" "$@"' \
		- "$1" "$work/cpuinfo" "${@:2}" < /dev/null
}
