# shellcheck shell=bash
# Tier C's machine: Debian's own kernel for arm64 under qemu-system, a disk that can lose what was not flushed, and
# a camera of the kernel. Sourced by run.sh.

cores=${CORES:-2}
modules=(virtio_pci virtio_blk virtio_net ext4) # of the small system that mounts the disk
more_modules=(vivid virtio_rng)                 # on the disk
kernel=$work/kernel

need_system_emulation() {
	[ "$(id -u)" = 0 ] || skip "this tier needs root, for the owners of files"
	local tool
	for tool in qemu-system-aarch64:qemu-system-arm qemu-img:qemu-utils mke2fs:e2fsprogs depmod:kmod cpio:cpio ssh-keygen:openssh-client; do
		command -v "${tool%%:*}" > /dev/null || skip "no ${tool%%:*}: apt-get install ${tool##*:}"
	done
}

# Packages for arm64, whatever this machine is; their authors' signatures are checked.
fetch_packages() {
	local folder=$kernel/debs apt
	mkdir -p "$folder/lists/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?set DEBIAN_MIRROR to a mirror of Debian} $release main" > "$folder/sources.list"
	apt=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$folder/lists"
		-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root)
	apt-get "${apt[@]}" update
	(cd "$folder" && apt-get "${apt[@]}" download "$@" \
		"$(apt-cache "${apt[@]}" depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-.*\)/\1/p' | head -n 1)")
}

# Kernel, its modules, and a small system of busybox that mounts the disk; made once.
need_kernel() {
	if [ "$kernel/initrd" -nt "$here/initrd.sh" ]; then return; fi
	say "fetching a kernel, once"
	rm -rf "$kernel"
	mkdir -p "$kernel"/{root,initrd.d/bin,initrd.d/modules}
	fetch_packages busybox-static v4l-utils libv4l-0 libv4lconvert0 libjpeg62-turbo
	local deb version
	for deb in "$kernel"/debs/linux-image-*.deb "$kernel"/debs/busybox-static_*.deb; do dpkg-deb -x "$deb" "$kernel/root"; done
	version=$(ls "$kernel/root/lib/modules")
	depmod -b "$kernel/root" "$version"
	local number=100 module
	dependencies "${modules[@]}" | while read -r module; do
		cp "$module" "$kernel/initrd.d/modules/$((number++))-${module##*/}"
	done
	cp "$kernel/root/bin/busybox" "$kernel/initrd.d/bin/"
	ln -s busybox "$kernel/initrd.d/bin/sh"
	install -m 755 "$here/initrd.sh" "$kernel/initrd.d/init"
	cp "$kernel/root/boot/vmlinuz-$version" "$kernel/vmlinuz"
	(cd "$kernel/initrd.d" && find . | cpio --quiet -o -H newc | gzip -1) > "$kernel/initrd.new"
	mv "$kernel/initrd.new" "$kernel/initrd"
}

# Files of modules and of all that they need, in the order in which they can be loaded.
dependencies() {
	local version module
	version=$(ls "$kernel/root/lib/modules")
	for module in "$@"; do modprobe -d "$kernel/root" -S "$version" --show-depends "$module"; done \
		| awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

# A disk with the package on it, put there by flash.sh as onto any rootfs.
need_disk() {
	local device=$work/c version module deb
	disk=$work/disk-$(cd "$here" && cat "$package" ../flash.sh machine.sh device.sh kernel.sh camera.yaml log_writer.sh log_writer.py | sha256sum | cut -c 1-16).img
	[ -e "$disk" ] && return
	rm -f "$work"/disk-*
	port=22
	prepare "$device"
	"$checkout/jetson/flash.sh" --rootfs "$device" --deb "$package" --config "$here/camera.yaml" || fail "flash --rootfs"
	version=$(ls "$kernel/root/lib/modules")
	mkdir -p "$device/lib/modules/$version"
	dependencies "${more_modules[@]}" | while read -r module; do
		install -D -m 644 "$module" "$device${module#"$kernel/root"}"
	done
	cp "$kernel/root/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$device/lib/modules/$version/"
	depmod -b "$device" "$version"
	for deb in "$kernel"/debs/{v4l-utils,libv4l,libjpeg}*.deb; do dpkg-deb -x "$deb" "$device"; done
	# Only pictures, no radio and no tuners; 320x180 is what an emulated processor can follow.
	echo 'options vivid n_devs=1 node_types=0x1 input_types=0x0 num_inputs=1' > "$device/etc/modprobe.d/vivid.conf"
	echo vivid > "$device/etc/modules-load.d/vivid.conf"
	# On a busy machine nothing in here is in time, and that is not the package's doing.
	mkdir -p "$device/etc/systemd/system.conf.d"
	printf '[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=900\n' > "$device/etc/systemd/system.conf.d/virtual.conf"
	ln -sf /dev/null "$device/etc/systemd/system/serial-getty@ttyAMA0.service"
	printf '[Match]\nName=e*\n[Network]\nDHCP=ipv4\n' > "$device/etc/systemd/network/10-wired.network"
	ln -sf /lib/systemd/system/systemd-networkd.service "$device/etc/systemd/system/multi-user.target.wants/"
	echo '/dev/vda / ext4 defaults,noatime 0 1' > "$device/etc/fstab"
	install -m 755 "$here/log_writer.sh" "$here/log_writer.py" "$device/root/"
	truncate -s 3G "$disk.new"
	mke2fs -q -F -t ext4 -d "$device" "$disk.new"
	mv "$disk.new" "$disk"
	rm -rf "$device"
}

# A layer over the disk takes all that is written. What the guest has not flushed is lost with it: qemu keeps the
# layer's map in memory until then, as a disk keeps its cache.
fresh_layer() { qemu-img create -q -f qcow2 -F raw -b "$disk" "$1"; }

# power_on LAYER [WORDS for the kernel]
power_on() {
	local layer=$1
	rm -f "$work/kernel.log" # what the last one said is not to be taken for this one's
	qemu-system-aarch64 -machine virt,gic-version=3 -cpu cortex-a76 -smp "$cores" -m 2048 -accel tcg,thread=multi \
		-nodefaults -display none -serial "file:$work/kernel.log" -no-reboot \
		-kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" \
		-append 'console=ttyAMA0 root=/dev/vda rw quiet systemd.show_status=0 audit=0 mitigations=off '"${*:2}" \
		-drive "file=$layer,format=qcow2,if=none,id=disk,cache=writeback" -device virtio-blk-pci,drive=disk \
		-device virtio-rng-pci \
		-netdev "user,id=net,restrict=on,hostfwd=tcp:$address:$port-:22" -device virtio-net-pci,netdev=net,romfile= < /dev/null > "$work/qemu.log" 2>&1 &
	echo $! > "$work/qemu.pid"
}

is_on() { lives "$(cat "$work/qemu.pid" 2> /dev/null)"; }

# No farewell: what was not flushed is gone.
cut_power() {
	is_on || return 0
	kill -KILL "$(cat "$work/qemu.pid")"
	wait "$(cat "$work/qemu.pid")" 2> /dev/null || true
	while is_on; do sleep 0.1; done
}
