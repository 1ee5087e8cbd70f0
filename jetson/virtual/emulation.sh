# shellcheck shell=bash
# Tier A: the package's libraries load on arm64, and compute what x86 computes, bit by bit. Sourced by run.sh.

emulation_tier() {
	local device=$work/a began frames=${FRAMES:-120}
	need_emulation
	need_rootfs
	need_package
	unpack_rootfs "$device"
	began=$(date +%s.%N)
	"$checkout/jetson/flash.sh" --rootfs "$device" --deb "$package" || fail "the package could not be installed"
	figure "provision of a rootfs, s" "$(seconds_since "$began")"
	cp "$here/outputs.py" "$device/usr/lib/belisha/outputs.py"

	say "$frames frames here and, emulated, there"
	PYTHONPATH=$checkout/runtime "$python" "$here/outputs.py" pictures "$frames" "$device/root/drive.npy"
	PYTHONPATH=$checkout/runtime "$python" "$here/outputs.py" run "$device/root/drive.npy" > "$work/here.jsonl"
	began=$(date +%s.%N)
	inside "$device" env PYTHONPATH=/usr/lib/belisha/site PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 /usr/lib/belisha/outputs.py run /root/drive.npy > "$work/there.jsonl" \
		|| fail "the runtime does not run on arm64"
	figure "$frames frames emulated, s" "$(seconds_since "$began")"
	"$python" -m jetson compare "$work/here.jsonl" "$work/there.jsonl" --at-least 100 || fail "arm64 computes something else"
	inside "$device" belisha check || fail "the golden frames do not pass on arm64"
	figure "frames bit-identical on x86 and arm64" "$frames"
}
