# shellcheck shell=bash
# Tier C, its power: qemu is killed, and with it all that was not flushed. Sourced by run.sh.

cuts_writing=${CUTS_WRITING:-20}
cuts_logging=${CUTS_LOGGING:-6}
cuts_flashing=${CUTS_FLASHING:-4}
moments=('sent [2-6]. of' Unpacking 'Setting up' 'golden frames') # of an installation

power_cuts() {
	local cut
	try c-writing "c: $cuts_writing power cuts of nothing but the log's writer, ten entries a second" survives_cuts_while_writing
	for cut in $(seq "$cuts_logging"); do
		try "c-log-$cut" "c: power cut $cut while logging" survives_cut_while_logging
	done
	for cut in $(seq "$cuts_flashing"); do
		moment=${moments[$((cut - 1)) % ${#moments[@]}]}
		try "c-flash-$cut" "c: power cut $cut while flashing, at '$moment'" survives_cut_while_flashing
	done
}

# Quick, as nothing else is booted. What the console said last before a cut is compared with what is found after it.
survives_cuts_while_writing() {
	local cut wrote=0 found lost most=0 layer=$work/writing.qcow2
	cut_power
	fresh_layer "$layer"
	for cut in $(seq 0 "$cuts_writing"); do
		power_on "$layer" init=/root/log_writer.sh
		wait_for "the log is being written" wrote_or_is_off
		found=$(tr -d '\r' < "$work/kernel.log" | grep -m 1 '^FOUND')
		[[ $found =~ ^FOUND\ [0-9]+\ whole\ 0$ ]] || fail "after $cut cuts: $found"
		if [ "$cut" -gt 0 ]; then
			lost=$((wrote - $(cut -d ' ' -f 2 <<< "$found")))
			[ "$lost" -le "$most" ] || most=$lost
			figure "cut $cut" "$wrote entries before it, $lost of them lost; whole"
		fi
		sleep "$((RANDOM % 25)).$((RANDOM % 10))"
		cut_power
		wrote=$(tr -d '\r' < "$work/kernel.log" | sed -n 's/^WROTE \([0-9]*\)$/\1/p' | tail -n 1)
	done
	figure "most entries lost in a cut, at ten a second and a durable commit each 10 s" "$most"
}
wrote_or_is_off() { grep -qs '^WROTE' "$work/kernel.log" || ! is_on; }

# What was lost of the log, and whether what is left is whole.
survives_cut_while_logging() {
	local before after cut_at
	need_camera
	copy_in "$here/log_end.py"
	sleep $((RANDOM % 12))
	before=$(device python3 /root/log_end.py "$(date +%s)")
	cut_at=$(date +%s.%N)
	cut_power
	start
	serves_whole_log
	copy_in "$here/log_end.py" # the cut has emptied the one that was there
	after=$(device python3 /root/log_end.py "$cut_at") || fail "nothing is left of what was logged before the cut"
	figure "entries before the cut, and after it" "${before%% *}, ${after%% *}"
	figure "the last entry that is kept is older than the cut by, s" "$(awk -v a="$cut_at" -v b="${after##* }" 'BEGIN {printf "%.1f", a - b}')"
}

serves_whole_log() {
	wait_for "the service is active" is_active
	frames_flow
	device belisha log verify /var/lib/belisha/activity.db || fail "the log is broken"
	! device ls /var/lib/belisha | grep damaged || fail "the log was set aside as damaged"
}

# The device boots, finishes the installation by itself if it had begun, and serves.
survives_cut_while_flashing() {
	local began result
	need_camera
	device rm -f /var/lib/belisha-flash/result '/var/tmp/belisha-flash-*'
	flash_aside --deb "$package" --config "$here/camera.yaml"
	wait_for "the moment" grep -q "$moment" "$work/cut.log"
	sleep "0.$((RANDOM % 10))"
	cut_power
	kill_flash
	began=$(date +%s.%N)
	start
	result='nothing had begun'
	if device "test -e /var/lib/belisha-flash/pending || test -e /var/lib/belisha-flash/result"; then
		wait_for "the device finishes by itself" device test -e /var/lib/belisha-flash/result
		result=$(device cat /var/lib/belisha-flash/result)
	fi
	serves_whole_log
	[ -z "$(device dpkg --audit)" ] || fail "dpkg has something half done"
	figure "the device by itself" "$result"
	figure "power on until it serves, s" "$(seconds_since "$began")"
}
