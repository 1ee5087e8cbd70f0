# shellcheck shell=bash
# Tier A: the package's libraries load on arm64, and compute what x86 computes, bit by bit. Sourced by run.sh.

emulation_tier() {
	try a-rootfs "a: the package goes into a plain rootfs" goes_into_rootfs
	try a-equal "a: pictures to boxes, each step as on x86, bit by bit" computes_the_same
	try a-golden "a: golden frames" finds_the_same
}

goes_into_rootfs() {
	local began
	unpack_rootfs "$work/a"
	began=$(date +%s.%N)
	"$checkout/jetson/flash.sh" --rootfs "$work/a" --deb "$package" || fail "the package could not be installed"
	figure "provision of a rootfs, s" "$(seconds_since "$began")"
}

computes_the_same() {
	local device=$work/a began frames=${FRAMES:-120}
	cp "$here/outputs.py" "$device/usr/lib/belisha/outputs.py"
	PYTHONPATH=$checkout/runtime "$python" "$here/outputs.py" pictures "$frames" "$device/root/drive.npy"
	PYTHONPATH=$checkout/runtime "$python" "$here/outputs.py" run "$device/root/drive.npy" > "$work/here.jsonl"
	began=$(date +%s.%N)
	inside "$device" env PYTHONPATH=/usr/lib/belisha/site PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 /usr/lib/belisha/outputs.py run /root/drive.npy > "$work/there.jsonl" \
		|| fail "the runtime does not run on arm64"
	figure "$frames frames emulated, s" "$(seconds_since "$began")"
	"$python" -m jetson compare "$work/here.jsonl" "$work/there.jsonl" --at-least 100 || fail "arm64 computes something else"
	figure "frames bit-identical on x86 and arm64" "$frames"
}

finds_the_same() { inside "$work/a" belisha check || fail "the golden frames do not pass on arm64"; }
