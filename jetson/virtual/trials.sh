# shellcheck shell=bash
# Trials: each runs on its own, leaves a verdict, and is not repeated while nothing has changed. Sourced by run.sh.

results=$work/trials
trial='' # the one that runs now

say() { printf '%s %s\n' "$(date -u +%T)" "$*"; }
fail() { note why "$*"; say "FAILED: $*"; exit 1; }
skip() { note why "$*"; say "SKIPPED: $*"; exit 77; }

# Keeps what a trial, or its preparation, has found out.
note() { printf 'note\t%s\t%s\n' "$1" "${2//[$'\t\n']/ }" >> "${trial:-$results/preparation}"; }
figure() { note "$1" "$2"; say "$1: $2"; }

seconds_since() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}'; }

# What a verdict depends on: the package, and whatever tries it.
fingerprint() {
	(cd "$here" && cat "$package" ../flash.sh ../install_on_device.sh machine.sh device.sh $sources | sha256sum | cut -c 1-16)
}

# try NAME WORDS FUNCTION: a verdict for what a function finds. It fails on its own; the next one goes on.
try() {
	local name=$1 words=$2 code began log=$results/$1.log
	if [ -z "${FRESH-}" ] && grep -qsx "passed	$tried" "$results/$name"; then
		say "$words: passed before, and nothing has changed (FRESH=1 repeats it)"
		return
	fi
	say "$words"
	trial=$results/.$name
	printf 'words\t%s\n' "$words" > "$trial"
	began=$(date +%s.%N)
	set +e
	(set -e; "$3") > "$log" 2>&1 < /dev/null
	code=$?
	set -e
	printf 'seconds\t%s\nload\t%s\n' "$(seconds_since "$began")" "$(cut -d ' ' -f 1 /proc/loadavg)" >> "$trial"
	case $code in
		0) printf 'passed\t%s\n' "$tried" ;;
		77) printf 'skipped\t%s\n' "$tried" ;;
		*) printf 'failed\t%s\n' "$tried"; tail -n 5 "$log" | sed 's/^/    /' >&2 ;;
	esac >> "$trial"
	mv "$trial" "$results/$name"
	trial=''
	say "    $(tail -n 1 "$results/$name" | cut -f 1) in $(sed -n 's/^seconds\t//p' "$results/$name") s$([ "$code" = 0 ] || echo ", see $log")"
}

# tier NAME WORDS FUNCTION SOURCES: what its trials share is prepared first; who cannot be tried here says why.
tier() {
	local code trial=$results/.$1 sources=$4
	printf 'words\t%s\n' "$1: $2" > "$trial"
	set +e
	(set -e; need_emulation; need_rootfs; need_package; describe_processors; forget_others "$1"; "$3")
	code=$?
	set -e
	case $code in
		0) rm "$trial"; return ;;
		77) echo skipped >> "$trial" ;;
		*) echo failed >> "$trial" ;;
	esac
	mv "$trial" "$results/$1"
}

# Verdicts on another package, or of trials that are no more.
forget_others() {
	local file
	for file in "$results/$1"-*; do
		case $file in *.log) continue ;; esac
		[ ! -e "$file" ] || grep -q "	$tried\$" "$file" || rm "$file"
	done
}
