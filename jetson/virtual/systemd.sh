# shellcheck shell=bash
# Tier B: a device with real systemd. Flashed over SSH and as a rootfs, then tormented. Sourced by run.sh.

device_b=$work/b
config=$here/belisha.yaml

systemd_tier() {
	command -v systemd-nspawn > /dev/null || skip "no systemd-nspawn: apt-get install systemd-container"
	command -v ssh-keygen > /dev/null || skip "no ssh: apt-get install openssh-client"
	port=22022
	trap power_off EXIT
	try b-ssh "b: flash over SSH onto a bare device" flashes_over_ssh
	try b-again "b: flash again: the same package is proven again" flashes_again
	try b-people "b: the service finds people, and logs them" detects
	try b-kill "b: kill -9 of the service" survives_kill
	try b-hang "b: the service hangs" survives_hang
	try b-disk "b: the disk is full" survives_full_disk
	try b-link "b: flash.sh dies while it sends; flash again" survives_dead_link
	try b-dpkg "b: dpkg dies half-way; the former package comes back" survives_dead_dpkg
	try b-broken "b: a broken package is taken back" survives_broken_package
	try b-bounds "b: the watchdog killed nobody who was not hung" killed_nobody
	try b-reboot "b: reboot" survives_reboot
	try b-death "b: everything dies while it unpacks; the device finishes by itself" survives_death
	power_off
	try b-rootfs "b: flashed as a rootfs, then booted for the first time" boots_flashed_rootfs
	try b-security "b: exposure of the service" measures_security
	power_off
}

# ---- the device

# What makes a plain Debian a virtual Jetson that can run in a container.
prepare_container() {
	local device=$1 unit
	prepare "$device"
	for unit in systemd-sysctl systemd-sysusers systemd-tmpfiles-setup-dev systemd-tmpfiles-setup systemd-tmpfiles-clean; do
		drop_in "$device" "$unit" 'LoadCredential=' 'SetCredential='
	done
	# The unit has a /proc of its own, in which the host's processors would show.
	drop_in "$device" belisha 'BindReadOnlyPaths=/etc/cpuinfo:/proc/cpuinfo'
	install -m 644 "$work/cpuinfo" "$device/etc/cpuinfo"
	install -m 644 "$here/processors.service" "$device/etc/systemd/system/"
	mkdir -p "$device/etc/systemd/system/sysinit.target.wants"
	ln -sf ../processors.service "$device/etc/systemd/system/sysinit.target.wants/"
	printf 'Port %s\nListenAddress %s\nUseDNS no\n' "$port" "$address" > "$device/etc/ssh/sshd_config.d/virtual.conf"
}

container() { cat "$work/container.pid" 2> /dev/null || echo 0; }
is_booted() { lives "$(container)"; }

boot() {
	local began
	! device true 2> /dev/null || fail "something answers on $address:$port already"
	began=$(date +%s.%N)
	systemd-nspawn --quiet --directory="$device_b" --register=no --keep-unit \
		--boot systemd.show_status=0 < /dev/null > "$work/console.log" 2>&1 &
	echo $! > "$work/container.pid"
	wait_for "ssh answers" answers_or_ended
	is_booted || fail "the device did not boot: $(tail -n 3 "$work/console.log")"
	figure "boot until ssh answers, s" "$(seconds_since "$began")"
}

answers_or_ended() { device true || ! is_booted; }

# All processes end at once; what was written stays written.
die() {
	pkill -KILL -P "$(container)" || true # its first process, with which all others end
	kill -KILL "$(container)" 2> /dev/null || true
	while is_booted; do sleep 0.1; done
	rm -f "$work/container.pid"
}

power_off() {
	is_booted || return 0
	device systemctl poweroff > /dev/null 2>&1 || true
	local waited=0
	while is_booted && [ "$waited" -lt 60 ]; do sleep 1; waited=$((waited + 1)); done
	die
}

# A device that serves: the one from the trial before, or a new one where trials were passed over.
need_service() {
	if ! is_booted; then
		if [ "$(cat "$device_b.flashed" 2> /dev/null)" != "$tried" ]; then
			power_off
			put_into_rootfs
		fi
		boot
	fi
	wait_for "the service is active" is_active
}

put_into_rootfs() {
	rm -f "$device_b.flashed"
	prepare_container "$device_b"
	"$checkout/jetson/flash.sh" --rootfs "$device_b" --deb "$package" --config "$config" || fail "flash --rootfs"
	echo "$tried" > "$device_b.flashed"
}

# ---- the trials

flashes_over_ssh() {
	local began
	power_off
	rm -f "$device_b.flashed"
	prepare_container "$device_b"
	boot
	began=$(date +%s.%N)
	flash --deb "$package" --config "$config" || fail "flash --ssh"
	figure "provision over ssh, s" "$(seconds_since "$began")"
	echo "$tried" > "$device_b.flashed"
}

flashes_again() {
	local began
	need_service
	began=$(date +%s.%N)
	flash --deb "$package" || fail "flash --ssh, again"
	figure "the same again, s" "$(seconds_since "$began")"
}

detects() {
	need_service
	wait_for "people in the activity log" people_seen
	figure "people in the activity log" "$(people_seen)"
}

survives_kill() {
	local process began
	need_service
	process=$(property MainPID)
	began=$(date +%s.%N)
	device kill -KILL "$process"
	wait_for "another process" has_other_process "$process"
	wait_for "active again" is_active
	figure "kill -9 until active again, s" "$(seconds_since "$began")"
	frames_flow
}

survives_hang() {
	local process began before
	need_service
	process=$(property MainPID) before=$(watchdog_kills)
	began=$(date +%s.%N)
	device kill -STOP "$process"
	wait_for "the watchdog acts" has_other_process "$process"
	figure "hang until the watchdog restarts it, s (WatchdogSec=$watchdog_s here, $unit_watchdog_s on a board)" "$(seconds_since "$began")"
	frames_flow
	[ "$(watchdog_kills)" -gt "$before" ] || fail "it was not the watchdog that ended the service"
}

# A machine that is too busy for an emulated device shows here, and not as a fault of the device.
killed_nobody() {
	local kills
	need_service
	kills=$(watchdog_kills)
	figure "kills by the watchdog so far, of which the hang is one" "$kills"
	[ "$kills" -le 1 ] || fail "frames came too slowly here for WatchdogSec=$watchdog_s: set WATCHDOG_S, or let the machine rest"
}

survives_full_disk() {
	local process
	need_service
	device systemctl stop belisha
	device mount -t tmpfs -o size=8M,mode=0755 tmpfs /var/lib/belisha
	device systemctl start belisha
	frames_flow
	device sh -c "'dd if=/dev/zero of=/var/lib/belisha/filler bs=1M; df /var/lib/belisha | tail -n 1'"
	process=$(property MainPID)
	frames_flow
	[ "$(property MainPID)" = "$process" ] || fail "a full disk ended the service"
	device rm /var/lib/belisha/filler
	wait_for "what waited is in the log" people_seen
	[ "$(property MainPID)" = "$process" ] || fail "the service ended when there was room again"
	device systemctl stop belisha
	device umount /var/lib/belisha
	device systemctl start belisha
	frames_flow
}

# The device serves all the while; what was sent is not sent again.
survives_dead_link() {
	local process sent
	need_service
	frames_flow
	process=$(property MainPID)
	device rm -f '/var/tmp/belisha-flash-*'
	flash_aside --deb "$package" --config "$config"
	wait_for "a third is sent" grep -q "sent [23]. of" "$work/cut.log"
	kill_flash
	frames_flow
	[ "$(property MainPID)" = "$process" ] || fail "the service ended with the link"
	flash --deb "$package" --config "$config" | tee "$work/cut.log" || fail "flash --ssh, after it had died"
	sent=$(sed -n 's/.* sent \([0-9]*\) of.*/\1/p' "$work/cut.log" | head -n 1)
	[ "$sent" -gt 0 ] || fail "it began from nothing again"
	figure "MB that were not sent again" "$sent"
	frames_flow
}

survives_dead_dpkg() {
	local began
	need_service
	began=$(date +%s.%N)
	flash_aside --deb "$package" --config "$config"
	wait_for "the package is being unpacked" unpacking
	device pkill -KILL dpkg
	if wait "$flashing"; then fail "an installation without dpkg was accepted"; fi
	cat "$work/cut.log"
	grep -q "the former state is back" "$work/cut.log" || fail "the former package is not back"
	frames_flow
	figure "dpkg dead until the former package shows frames, s" "$(seconds_since "$began")"
}
unpacking() { device "test -e /var/lib/belisha-flash/pending && grep -q Unpacking /var/lib/belisha-flash/log"; }

# A package that cannot start: the one before must come back by itself.
survives_broken_package() {
	local folder=$work/bad broken=$work/belisha_9.9+py311_arm64.deb began before
	need_service
	before=$(installed_version)
	rm -rf "$folder"
	dpkg-deb --raw-extract "$package" "$folder"
	sed -i 's/^Version: .*/Version: 9.9+py311/' "$folder/DEBIAN/control"
	echo 'raise SystemExit("this package is broken on purpose")' > "$folder/usr/lib/belisha/start.py"
	dpkg-deb --root-owner-group -Zgzip -z1 --build "$folder" "$broken" > /dev/null
	rm -rf "$folder"
	began=$(date +%s.%N)
	if flash --deb "$broken"; then fail "a broken package was accepted"; fi
	rm "$broken"
	[ "$(installed_version)" = "$before" ] || fail "the former package is not back"
	frames_flow
	figure "broken package until the former one shows frames, s" "$(seconds_since "$began")"
}
installed_version() { device dpkg-query --show --showformat="'\${Version}'" belisha; }

# systemd-nspawn ends here instead of starting its system again; then the container is booted anew.
survives_reboot() {
	local began before
	need_service
	before=$(boot_id)
	began=$(date +%s.%N)
	device systemctl reboot || true
	wait_for "the system has gone down" went_down "$before"
	is_booted || boot
	wait_for "ssh answers after the reboot" device true
	wait_for "active after the reboot" is_active
	frames_flow
	figure "reboot until frames flow, s" "$(seconds_since "$began")"
}
boot_id() { device cat /proc/sys/kernel/random/boot_id; }
went_down() { local now; ! is_booted || { now=$(boot_id) && [ "$now" != "$1" ]; }; }

# What was written stays written, so this is not quite a power cut; tier C has that.
survives_death() {
	local began
	need_service
	flash_aside --deb "$package" --config "$config"
	wait_for "the package is being unpacked" unpacking
	die
	kill_flash
	began=$(date +%s.%N)
	boot
	wait_for "the device finishes the installation by itself" device test -e /var/lib/belisha-flash/result
	[ "$(device cat /var/lib/belisha-flash/result)" = ok ] || fail "after dying while flashing: $(device cat /var/lib/belisha-flash/result)"
	frames_flow
	figure "dead while unpacking, until it has finished by itself, s" "$(seconds_since "$began")"
}

boots_flashed_rootfs() {
	local began
	power_off
	began=$(date +%s.%N)
	put_into_rootfs
	figure "provision of a rootfs, s" "$(seconds_since "$began")"
	began=$(date +%s.%N)
	boot
	wait_for "active after the first boot" is_active
	frames_flow
	figure "first boot until frames flow, s" "$(seconds_since "$began")"
	wait_for "people in the activity log" people_seen
}

measures_security() {
	local score
	score=$(systemd-analyze security --offline=true "$here/../payload/belisha.service" 2> /dev/null | sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p')
	[ -n "$score" ] || skip "this systemd-analyze says nothing about files"
	figure "systemd-analyze security, belisha.service (0 is closed, 10 open)" "$score"
}
