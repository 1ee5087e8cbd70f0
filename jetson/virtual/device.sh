# shellcheck shell=bash
# A device that runs, whatever it runs in: how it is reached, flashed, and what its service shows. Sourced by run.sh.

port=0 # each tier has its own
address=127.0.0.1
unit_watchdog_s=$(sed -n 's/^WatchdogSec=//p' "$here/../payload/belisha.service")
# An emulated frame takes seconds where others want the processor too; the package's own unit stays as it is.
watchdog_s=${WATCHDOG_S:-40}

ssh_words=(-i "$work/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
	-o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=10 -o ServerAliveCountMax=12)
flash_words=(--identity "$work/key" --frames-within "$patience_s" --ssh-option IdentitiesOnly=yes
	--ssh-option StrictHostKeyChecking=no --ssh-option UserKnownHostsFile=/dev/null --ssh-option LogLevel=ERROR)
device() { ssh -o "Port=$port" "${ssh_words[@]}" "root@$address" "$@" < /dev/null; }

flash() { "$checkout/jetson/flash.sh" --ssh "root@$address" --port "$port" "${flash_words[@]}" "$@"; }

# In the background, with a group of its own; what it says goes to cut.log.
flash_aside() {
	setsid "$checkout/jetson/flash.sh" --ssh "root@$address" --port "$port" "${flash_words[@]}" "$@" > "$work/cut.log" 2>&1 &
	flashing=$!
}

# flash.sh and all that it has started.
kill_flash() {
	kill -KILL -- "-$flashing" 2> /dev/null || true
	wait "$flashing" 2> /dev/null || true
}

# Repeats a command until it succeeds.
wait_for() {
	local what=$1 until=$((SECONDS + patience_s))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || fail "waited $patience_s s in vain: $what"
		sleep 0.5
	done
}

# ---- what is the same in every device

# Debian with a door for us, and nothing that starts by itself and takes time.
prepare() {
	local device=$1 unit
	unpack_rootfs "$device"
	[ -e "$work/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$work/key"
	for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service systemd-networkd-wait-online.service; do
		ln -sf /dev/null "$device/etc/systemd/system/$unit"
	done
	drop_in "$device" belisha "WatchdogSec=$watchdog_s" 'TimeoutStartSec=900'
	drop_in "$device" belisha-flash 'Environment=BELISHA_ACTIVE_S=900'
	# As root, since emulators are seldom registered so that sudo gets its rights.
	install -d -m 700 "$device/root/.ssh"
	install -m 600 "$work/key.pub" "$device/root/.ssh/authorized_keys"
	echo vjetson > "$device/etc/hostname"
	printf '127.0.0.1 localhost vjetson\n' > "$device/etc/hosts"
}

drop_in() {
	local folder=$1/etc/systemd/system/$2.service.d
	mkdir -p "$folder"
	[ -e "$folder/virtual.conf" ] || echo '[Service]' > "$folder/virtual.conf"
	printf '%s\n' "${@:3}" >> "$folder/virtual.conf"
}

# ---- what the service shows

property() { device systemctl show belisha --property "$1" --value; }
is_active() { [ "$(property ActiveState)" = active ]; }
fed() { property WatchdogTimestampMonotonic; }
was_fed_since() { local now; now=$(fed) && [ "$now" != "$1" ] && is_active; }
has_other_process() { local now; now=$(property MainPID) && [ "$now" != "$1" ] && [ "$now" != 0 ]; }
watchdog_kills() { device journalctl --boot --unit belisha --output cat | grep -c '^belisha.service: Watchdog timeout' || true; }

# The watchdog is fed by freshly processed frames alone.
frames_flow() { wait_for "a frame is processed" was_fed_since "$(fed)"; }

people_seen() {
	device belisha log stats /var/lib/belisha/activity.db --json | tail -n 1 \
		| "$python" -c 'import json, sys; seen = json.load(sys.stdin)["groups"]["all"]["people"]; print(seen); sys.exit(not seen)'
}
