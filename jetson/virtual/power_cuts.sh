# shellcheck shell=bash
# Tier C, its power: qemu is killed, and with it all that was not flushed. Sourced by run.sh.

cuts_logging=${CUTS_LOGGING:-6}
cuts_flashing=${CUTS_FLASHING:-4}
moments=('sent [2-6]. of' Unpacking 'Setting up' 'golden frames') # of an installation

# A figure line a cut: what was lost of the log, whether what is left is whole.
survives_cuts_while_logging() {
	local cut before after lost lost_s worst=0 cut_at
	for cut in $(seq "$cuts_logging"); do
		need_camera
		sleep $((RANDOM % 12))
		before=$(log_end)
		cut_at=$(date +%s.%N)
		cut_power
		start
		wait_for "the service is active" is_active
		frames_flow
		after=$(device python3 /root/log_end.py "$cut_at")
		device belisha log verify /var/lib/belisha/activity.db || fail "cut $cut: the log is broken"
		! device ls /var/lib/belisha | grep damaged || fail "cut $cut: the log was set aside as damaged"
		lost=$((${before%% *} - ${after%% *}))
		lost_s=$(awk -v a="$cut_at" -v b="${after##* }" 'BEGIN {printf "%.1f", a - b}')
		worst=$(awk -v a="$worst" -v b="$lost_s" 'BEGIN {print a > b ? a : b}')
		figure "cut $cut" "$lost of ${before%% *} entries lost, the last one kept is from $lost_s s before; log whole, service up again"
	done
	figure "the longest loss of $cuts_logging cuts, s" "$worst"
}

# Number and time of the last entry before a moment.
log_end() {
	copy_in "$here/log_end.py"
	device python3 /root/log_end.py "$(date +%s)"
}

# The power goes at another moment of the installation each time. The device boots, finishes by itself, and serves.
survives_cuts_while_flashing() {
	local cut flashing moment began
	for cut in $(seq "$cuts_flashing"); do
		need_camera
		device rm -f /var/lib/belisha-flash/result '/var/tmp/belisha-flash-*'
		flash --deb "$package" --config "$here/camera.yaml" > "$work/cut.log" 2>&1 &
		flashing=$!
		wait_for "the moment of cut $cut" grep -q "${moments[$((cut - 1)) % ${#moments[@]}]}" "$work/cut.log"
		sleep "0.$((RANDOM % 10))"
		moment=$(tail -n 1 "$work/cut.log" | sed 's/^\[.*\] *//')
		cut_power
		kill "$flashing" 2> /dev/null || true
		wait "$flashing" 2> /dev/null || true
		began=$(date +%s.%N)
		start
		if device test -e /var/lib/belisha-flash/pending || device test -e /var/lib/belisha-flash/result; then
			wait_for "the device finishes by itself" device test -e /var/lib/belisha-flash/result
		fi
		wait_for "the service is active" is_active
		frames_flow
		[ -z "$(device dpkg --audit)" ] || fail "cut $cut: dpkg has something half done"
		device belisha log verify /var/lib/belisha/activity.db || fail "cut $cut: the log is broken"
		figure "cut $cut, at '$moment'" "$(device cat /var/lib/belisha-flash/result 2> /dev/null || echo 'nothing had begun'), frames after $(seconds_since "$began") s"
	done
}
