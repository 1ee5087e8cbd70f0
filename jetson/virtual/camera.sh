# shellcheck shell=bash
# Tier C, its camera: the service reads /dev/video0 of a real kernel, which then misbehaves. Sourced by run.sh.

layer=$work/c.qcow2

kernel_tier() {
	need_system_emulation
	need_kernel
	need_disk
	port=22023
	trap cut_power EXIT
	try c-camera "c: power on: the service reads /dev/video0" reads_camera
	try c-kinds "c: pixel formats, sizes and rates that a camera has, and those that it has not" reads_kinds
	try c-error "c: the camera's driver fails" survives_failing_driver
	try c-silent "c: the camera gives nothing for a while" survives_silent_camera
	try c-unplug "c: the camera is unplugged, and plugged in again" survives_unplugging
	power_cuts
	try c-people "c: people in the camera's pictures" finds_people
	cut_power
}

# From power on until somebody can log in.
start() {
	local began
	began=$(date +%s.%N)
	power_on "$layer"
	wait_for "ssh answers" answers_or_is_off
	is_on || fail "the machine did not boot: $(tail -n 3 "$work/qemu.log" "$work/kernel.log")"
	figure "power on until ssh answers, s" "$(seconds_since "$began")"
}
answers_or_is_off() { device true || ! is_on; }

need_camera() {
	is_on || { fresh_layer "$layer"; start; }
	wait_for "the service is active" is_active
	frames_flow
}

control() { device v4l2-ctl -d0 -c "$1"; }
said() { device journalctl --boot --unit belisha --output cat | grep -q "$1"; }

reads_camera() {
	local began
	cut_power
	fresh_layer "$layer"
	began=$(date +%s.%N)
	start
	wait_for "the service is active" is_active
	frames_flow
	figure "power on until frames flow, s" "$(seconds_since "$began")"
	device belisha doctor || true # emulated, it has reasons to complain
}

# With the service away, as a camera streams to one alone.
reads_kinds() {
	need_camera
	device systemctl stop belisha
	copy_in "$here/camera_kinds.py"
	device env PYTHONPATH=/usr/lib/belisha/site python3 /root/camera_kinds.py || fail "see above"
	device systemctl start belisha
}
copy_in() { ssh -o "Port=$port" "${ssh_words[@]}" "root@$address" "cat > /root/${1##*/}" < "$1"; }

survives_silent_camera() {
	local process began
	need_camera
	process=$(property MainPID)
	began=$(date +%s.%N)
	control percentage_of_dropped_buffers=100
	wait_for "it says that the camera is in trouble" said '^camera: .*: no '
	figure "silence until it is said, s" "$(seconds_since "$began")"
	control percentage_of_dropped_buffers=0
	wait_for "it says that the camera is well" said '^camera: .*: is well again'
	frames_flow
	[ "$(property MainPID)" = "$process" ] || fail "the service was restarted, which a camera that comes back does not need"
}

survives_failing_driver() {
	local process began
	need_camera
	process=$(property MainPID)
	began=$(date +%s.%N)
	control inject_fatal_streaming_error=1
	wait_for "a frame is processed" was_fed_since "$(fed)"
	frames_flow
	figure "a failing driver until frames flow, s" "$(seconds_since "$began")"
	[ "$(property MainPID)" = "$process" ] || fail "the service was restarted, which a camera that is opened again does not need"
}

survives_unplugging() {
	local began
	need_camera
	control disconnect=1
	wait_for "it says that the camera is in trouble" said '^camera: .*: no '
	began=$(date +%s.%N)
	device 'cd /sys/bus/platform/drivers/vivid; echo vivid.0 > unbind; sleep 3; echo vivid.0 > bind'
	frames_flow
	figure "plugged in until frames flow, s" "$(seconds_since "$began")"
}

# The test camera shows what is played into the same driver's output: the shipped drive.
finds_people() {
	local before
	need_camera
	device systemctl stop belisha
	PYTHONPATH=$checkout/runtime "$python" "$here/outputs.py" pictures 60 "$work/drive.npy"
	"$python" -c 'import sys, numpy; numpy.load(sys.argv[1])[::20].tofile(sys.argv[2])' "$work/drive.npy" "$work/drive.bgr"
	copy_in "$work/drive.bgr"
	copy_in "$here/play.sh"
	device sh /root/play.sh
	device sed -i "'s/width: .*/width: 640/; s/height: .*/height: 480/; /rate_hz/d'" /etc/belisha/belisha.yaml
	before=$(people_seen || true)
	device systemctl start belisha
	wait_for "people in the activity log" people_seen
	figure "people in the activity log before and after" "${before:-0} and $(people_seen)"
	cut_power # its driver was loaded in another way
	rm -f "$layer"
}
