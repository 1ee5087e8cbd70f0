#!/bin/sh
# Runs on the device, as root and by systemd: installs the package that waits in STATE, proves that it
# works, and goes back to what was there before if it does not. flash.sh starts it; it needs no link to
# whoever did, and after a power cut systemd starts it again.
set -u
STATE=${BELISHA_FLASH_STATE:-/var/lib/belisha-flash}
ETC=${BELISHA_ETC:-/etc/belisha}
TRIES=3
RESTARTS=5 # of a service that does not start
ACTIVE_S=${BELISHA_ACTIVE_S:-180} # loading a model on a cold board, with room

say() { echo "$*"; echo "$*" >> "$STATE/log"; }

# pending holds: sha256, whether a camera is expected, seconds to wait for frames, tries so far.
read -r sha256 camera settle_s tried < "$STATE/pending" || exit 0

finish() {
	printf '%s\n' "$1" > "$STATE/result.new" && sync && mv "$STATE/result.new" "$STATE/result"
	rm -f "$STATE/pending" "$STATE/new.deb" "$STATE/new.yaml"
	rm -rf "$STATE/etc"
	systemctl disable --quiet belisha-flash.service
	sync
	say "$1"
}

property() { systemctl show belisha.service --property "$1" --value; }

wait_active() {
	waited=0 restarts=$(property NRestarts)
	until [ "$(property ActiveState)" = active ]; do
		[ "$waited" -lt "$ACTIVE_S" ] || return 1
		[ $(($(property NRestarts) - restarts)) -lt "$RESTARTS" ] || return 1
		sleep 1
		waited=$((waited + 1))
	done
}

# The watchdog is fed by freshly processed frames alone: two feedings of one process are proof.
wait_frames() {
	process=$(property MainPID) fed=$(property WatchdogTimestampMonotonic) times=0 waited=0
	while [ "$times" -lt 2 ]; do
		[ "$waited" -lt "$settle_s" ] || return 1
		sleep 1
		waited=$((waited + 1))
		if [ "$(property MainPID)" != "$process" ]; then
			process=$(property MainPID) times=0 fed=$(property WatchdogTimestampMonotonic)
			continue
		fi
		now=$(property WatchdogTimestampMonotonic)
		if [ "$now" != "$fed" ]; then times=$((times + 1)) fed=$now; fi
	done
}

install_package() { dpkg --force-confdef --force-confold --install "$1" >> "$STATE/log" 2>&1; }

put_config() {
	[ -e "$STATE/new.yaml" ] || return 0
	mkdir -p "$ETC"
	install -m 644 "$STATE/new.yaml" "$ETC/.belisha.yaml.new" && mv "$ETC/.belisha.yaml.new" "$ETC/belisha.yaml"
}

reason() { journalctl --unit belisha.service --lines 3 --output cat 2> /dev/null | tr '\n' ' '; }

install_and_prove() {
	say "installing"
	put_config || { why="the configuration could not be written"; return 1; }
	install_package "$STATE/new.deb" || { why="dpkg could not install it"; return 1; } # it restarts the service
	say "waiting until the service is active"
	wait_active || { why="the service does not start: $(reason)"; return 1; }
	say "golden frames: does this device find what the exporter found?"
	runuser -u belisha -- env CACHE_DIRECTORY=/var/cache/belisha belisha check >> "$STATE/log" 2>&1 || { why="the golden frames did not pass"; return 1; }
	[ "$camera" = camera ] || return 0
	say "waiting for frames"
	wait_frames || { why="no frames were processed within $settle_s s: $(reason)"; return 1; }
}

go_back() {
	if [ -e "$STATE/installed.deb" ]; then
		say "going back to the package that was installed before"
		if [ -d "$STATE/etc" ]; then cp -a "$STATE/etc/." "$ETC/"; fi
		install_package "$STATE/installed.deb" || { say "that failed as well"; return 1; }
		wait_active
	else
		say "removing it, as there was none before"
		dpkg --purge belisha >> "$STATE/log" 2>&1
	fi
}

if [ "$tried" -ge "$TRIES" ]; then
	why="it was begun $TRIES times and never finished"
	go_back
	finish "failed: $why; the former state is back"
	exit 1
fi
echo "$sha256 $camera $settle_s $((tried + 1))" > "$STATE/pending.new" && sync && mv "$STATE/pending.new" "$STATE/pending"
dpkg --configure -a >> "$STATE/log" 2>&1 # what a power cut left half done

if [ "$(sha256sum < "$STATE/new.deb" | cut -d ' ' -f 1)" != "$sha256" ]; then
	finish "failed: the package was damaged on its way; nothing was changed"
	exit 1
fi
if [ -d "$ETC" ] && [ ! -d "$STATE/etc" ]; then
	cp -a "$ETC" "$STATE/etc.new" && mv "$STATE/etc.new" "$STATE/etc"
fi
if install_and_prove; then
	mv "$STATE/new.deb" "$STATE/installed.deb"
	echo "$sha256" > "$STATE/installed.sha256"
	finish "ok"
elif go_back; then
	finish "failed: $why; the former state is back"
	exit 1
else
	finish "failed: $why; and the former state could not be brought back"
	exit 1
fi
