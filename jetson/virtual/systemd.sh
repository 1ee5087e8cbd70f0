# shellcheck shell=bash
# Tier B: a device with real systemd. Flashed over SSH and as a rootfs, then tormented. Sourced by run.sh.

port=22022
address=127.0.0.1
booted=''

systemd_tier() {
	need_emulation
	command -v systemd-nspawn > /dev/null || skip "no systemd-nspawn: apt-get install systemd-container"
	command -v ssh-keygen > /dev/null || skip "no ssh: apt-get install openssh-client"
	need_rootfs
	need_package
	trap power_off EXIT
	over_ssh
	torment
	as_rootfs
	security
}

# ---- the device

# What makes a plain Debian a virtual Jetson that can run here.
prepare() {
	local device=$1 unit
	unpack_rootfs "$device"
	[ -e "$work/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$work/key"
	for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service systemd-networkd-wait-online.service; do
		ln -sf /dev/null "$device/etc/systemd/system/$unit"
	done
	for unit in systemd-sysctl systemd-sysusers systemd-tmpfiles-setup-dev systemd-tmpfiles-setup systemd-tmpfiles-clean; do
		drop_in "$device" "$unit" 'LoadCredential=' 'SetCredential='
	done
	# A frame takes seconds here, and the unit has a /proc of its own. Nothing else is changed.
	drop_in "$device" belisha 'WatchdogSec=40' 'TimeoutStartSec=900' 'BindReadOnlyPaths=/etc/cpuinfo:/proc/cpuinfo'
	install -m 644 "$work/cpuinfo" "$device/etc/cpuinfo"
	install -m 644 "$here/processors.service" "$device/etc/systemd/system/"
	mkdir -p "$device/etc/systemd/system/sysinit.target.wants"
	ln -sf ../processors.service "$device/etc/systemd/system/sysinit.target.wants/"
	printf 'Port %s\nListenAddress %s\nUseDNS no\n' "$port" "$address" > "$device/etc/ssh/sshd_config.d/virtual.conf"
	# As root, since emulators are seldom registered so that sudo gets its rights.
	install -d -m 700 "$device/root/.ssh"
	install -m 600 "$work/key.pub" "$device/root/.ssh/authorized_keys"
	echo vjetson > "$device/etc/hostname"
	printf '127.0.0.1 localhost vjetson\n' > "$device/etc/hosts"
}

drop_in() {
	local folder=$1/etc/systemd/system/$2.service.d
	mkdir -p "$folder"
	{ echo '[Service]'; printf '%s\n' "${@:3}"; } > "$folder/virtual.conf"
}

boot() {
	local device=$1 began
	device true 2> /dev/null && fail "something answers on $address:$port already"
	began=$(date +%s.%N)
	systemd-nspawn --quiet --directory="$device" --register=no --keep-unit \
		--boot systemd.show_status=0 < /dev/null > "$work/console.log" 2>&1 &
	booted=$!
	wait_for "ssh answers" answers_or_ended
	kill -0 "$booted" 2> /dev/null || fail "the device did not boot: $(tail -n 3 "$work/console.log")"
	figure "boot until ssh answers, s" "$(seconds_since "$began")"
}

answers_or_ended() { device true || ! kill -0 "$booted"; }

power_off() {
	[ -n "$booted" ] || return 0
	device systemctl poweroff > /dev/null 2>&1 || true
	local waited=0
	while kill -0 "$booted" 2> /dev/null && [ "$waited" -lt 60 ]; do sleep 1; waited=$((waited + 1)); done
	pkill -KILL -P "$booted" || true # its first process, with which all others end
	kill -KILL "$booted" 2> /dev/null || true
	wait "$booted" 2> /dev/null || true
	booted=''
}

ssh_words=(-o "Port=$port" -i "$work/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no
	-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=30)
device() { ssh "${ssh_words[@]}" "root@$address" "$@" < /dev/null; }

flash() {
	"$checkout/jetson/flash.sh" --ssh "root@$address" --port "$port" --identity "$work/key" --frames-within "$patience_s" \
		--ssh-option IdentitiesOnly=yes --ssh-option StrictHostKeyChecking=no --ssh-option UserKnownHostsFile=/dev/null \
		--ssh-option LogLevel=ERROR "$@"
}

# ---- what the service shows

property() { device systemctl show belisha --property "$1" --value; }
is_active() { [ "$(property ActiveState)" = active ]; }
fed() { property WatchdogTimestampMonotonic; }
was_fed_since() { [ "$(fed)" != "$1" ] && is_active; }
has_other_process() { [ "$(property MainPID)" != "$1" ] && [ "$(property MainPID)" != 0 ]; }

# Two feedings of the watchdog: each is a frame that was processed.
frames_flow() {
	wait_for "a frame is processed" was_fed_since "$(fed)"
	wait_for "another frame is processed" was_fed_since "$(fed)"
}

# ---- the trials

over_ssh() {
	local began
	prepare "$work/b"
	boot "$work/b"
	began=$(date +%s.%N)
	flash --deb "$package" --config "$here/belisha.yaml" || fail "flash --ssh"
	figure "provision over ssh, s" "$(seconds_since "$began")"
	began=$(date +%s.%N)
	flash --deb "$package" || fail "flash --ssh, again"
	figure "the same again, s" "$(seconds_since "$began")"
}

torment() {
	detects
	killed
	hangs
	disk_is_full
	bad_package
	reboots
	dies_while_flashing
	power_off
}

detects() {
	local people
	wait_for "people in the activity log" people_seen
	people=$(people_seen)
	figure "people in the activity log" "$people"
}
people_seen() {
	device belisha log stats /var/lib/belisha/activity.db --json | tail -n 1 \
		| "$python" -c 'import json, sys; seen = json.load(sys.stdin)["groups"]["all"]["people"]; print(seen); sys.exit(not seen)'
}

killed() {
	local process began
	process=$(property MainPID)
	began=$(date +%s.%N)
	device kill -KILL "$process"
	wait_for "another process" has_other_process "$process"
	wait_for "active again" is_active
	figure "kill -9 until active again, s" "$(seconds_since "$began")"
	frames_flow
}

hangs() {
	local process began
	process=$(property MainPID)
	began=$(date +%s.%N)
	device kill -STOP "$process"
	wait_for "the watchdog acts" has_other_process "$process"
	figure "hang until the watchdog restarts it, s (WatchdogSec=40 here, 10 on a board)" "$(seconds_since "$began")"
	frames_flow
}

disk_is_full() {
	local process
	device systemctl stop belisha
	device mount -t tmpfs -o size=8M,mode=0755 tmpfs /var/lib/belisha
	device systemctl start belisha
	frames_flow
	device sh -c "'dd if=/dev/zero of=/var/lib/belisha/filler bs=1M 2> /dev/null; df /var/lib/belisha | tail -n 1'"
	process=$(property MainPID)
	frames_flow
	[ "$(property MainPID)" = "$process" ] || fail "a full disk ended the service"
	figure "full disk: frames flow on, same process" yes
	device rm /var/lib/belisha/filler
	device systemctl stop belisha
	device umount /var/lib/belisha
	device systemctl start belisha
	frames_flow
}

# A package that cannot start: the one before must come back by itself.
bad_package() {
	local folder=$work/bad began before
	before=$(device dpkg-query --show --showformat="'\${Version}'" belisha)
	rm -rf "$folder"
	dpkg-deb --raw-extract "$package" "$folder"
	sed -i 's/^Version: .*/Version: 9.9+py311/' "$folder/DEBIAN/control"
	echo 'raise SystemExit("this package is broken on purpose")' > "$folder/usr/lib/belisha/start.py"
	dpkg-deb --root-owner-group -Zgzip -z1 --build "$folder" "$work/belisha_9.9+py311_arm64.deb" > /dev/null
	rm -rf "$folder"
	began=$(date +%s.%N)
	if flash --deb "$work/belisha_9.9+py311_arm64.deb"; then fail "a broken package was accepted"; fi
	[ "$(device dpkg-query --show --showformat="'\${Version}'" belisha)" = "$before" ] || fail "the former package is not back"
	frames_flow
	figure "broken package until the former one shows frames, s" "$(seconds_since "$began")"
}

reboots() {
	local began process
	began=$(date +%s.%N)
	device systemctl reboot || true
	sleep 5
	wait_for "ssh answers after the reboot" device true
	wait_for "active after the reboot" is_active
	frames_flow
	figure "reboot until frames flow, s" "$(seconds_since "$began")"
}

# Every process ends at once in the middle of an installation; what was written stays written, so this is
# not quite a power cut. The device must finish by itself at its next boot, with nobody looking.
dies_while_flashing() {
	local began flashing
	flash --deb "$package" --config "$here/belisha.yaml" > "$work/cut.log" 2>&1 &
	flashing=$!
	wait_for "the package is being unpacked" device "test -e /var/lib/belisha-flash/pending && grep -q Unpacking /var/lib/belisha-flash/log"
	pkill -KILL -P "$booted" || true
	kill "$flashing" 2> /dev/null || true
	wait "$booted" "$flashing" 2> /dev/null || true
	began=$(date +%s.%N)
	boot "$work/b"
	wait_for "the device finishes the installation by itself" device test -e /var/lib/belisha-flash/result
	[ "$(device cat /var/lib/belisha-flash/result)" = ok ] || fail "after dying while flashing: $(device cat /var/lib/belisha-flash/result)"
	frames_flow
	figure "dead while unpacking, until it has finished by itself, s" "$(seconds_since "$began")"
}

as_rootfs() {
	local began
	prepare "$work/b"
	began=$(date +%s.%N)
	"$checkout/jetson/flash.sh" --rootfs "$work/b" --deb "$package" --config "$here/belisha.yaml" || fail "flash --rootfs"
	figure "provision of a rootfs, s" "$(seconds_since "$began")"
	boot "$work/b"
	wait_for "active after the first boot" is_active
	frames_flow
	power_off
}

security() {
	local score
	score=$(systemd-analyze security --offline=true --root="$work/b" belisha.service 2> /dev/null | sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p')
	figure "systemd-analyze security, belisha.service (0 is closed, 10 open)" "${score:-unknown}"
}
