#!/usr/bin/env bash
# Puts Belisha onto a Jetson: a running one over SSH, or the rootfs that NVIDIA's tool flashes next.
#
#   jetson/flash.sh --ssh USER@HOST             install on a running device, and prove that it works
#   jetson/flash.sh --rootfs Linux_for_Tegra/rootfs
#
# options:
#   --deb FILE         the package (default: the one in dist/ for the device's Python; 'make deb')
#   --config FILE      the configuration to put onto it (default: the device's own, else the package's)
#   --without-camera   the device has no camera yet: do not wait for frames
#   --frames-within S  how long to wait for frames (default: 60)
#   --port N, --identity FILE, --ssh-option OPTION   as ssh has them
#
# Over SSH: may be run again at any time, and goes on where it stopped. The device finishes by itself if
# the link breaks, and after a power cut. What does not prove itself (service active, golden frames found,
# frames flowing) is taken back: the former package and configuration, or none if there was none.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dist=$here/../dist
state=${BELISHA_FLASH_STATE:-/var/lib/belisha-flash} units=${BELISHA_UNITS:-/etc/systemd/system} # on the device
chunk=$((8 * 1024 * 1024))
may_differ='/usr/share/doc| c /etc/' # of the package on a device: small systems have no doc, owners configure
least_mb=400 # on the device: the package, what it unpacks to, and the one before

host='' rootfs='' deb='' config='' camera=camera frames_s=60 ssh_options=()
began=$SECONDS

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '/^set /d'; }
fail() { echo "flash: $*" >&2; exit 1; }
say() { printf '[%3d s] %s\n' $((SECONDS - began)) "$*"; }

parse() {
	while [ $# -gt 0 ]; do
		case $1 in
			--ssh) host=${2:?--ssh needs USER@HOST}; shift ;;
			--rootfs) rootfs=${2:?--rootfs needs a folder}; shift ;;
			--deb) deb=${2:?--deb needs a file}; shift ;;
			--config) config=${2:?--config needs a file}; shift ;;
			--without-camera) camera=none ;;
			--frames-within) frames_s=${2:?--frames-within needs seconds}; shift ;;
			--port) ssh_options+=(-o "Port=${2:?--port needs a number}"); shift ;;
			--identity) ssh_options+=(-i "${2:?--identity needs a file}"); shift ;;
			--ssh-option) ssh_options+=(-o "${2:?--ssh-option needs an option}"); shift ;;
			-h | --help) usage; exit 0 ;;
			*) usage >&2; echo >&2; echo "flash: no option $1" >&2; exit 2 ;;
		esac
		shift
	done
	[[ $frames_s =~ ^[0-9]+$ ]] || fail "--frames-within: expected whole seconds, got '$frames_s'"
	[ -z "$config" ] || [ -r "$config" ] || fail "--config: cannot read $config"
	[ -z "$host" ] || [ -z "$rootfs" ] || fail "give --ssh or --rootfs, not both"
	[ -n "$host$rootfs" ] || { usage >&2; exit 2; }
}

# The package for a Python: the one that was named, else the newest in dist/.
choose_deb() {
	local python=$1 tag="py${1/./}"
	if [ -z "$deb" ]; then
		# There may be no dist/ yet, and that is to be said below.
		deb=$({ find "$dist" -maxdepth 1 -name "belisha_*+${tag}_arm64.deb" 2> /dev/null || true; } | sort -V | tail -n 1)
	fi
	[ -n "$deb" ] || fail "no package for Python $python in $dist: run 'make deb' first"
	[ -r "$deb" ] || fail "cannot read $deb"
	case ${deb##*/} in
		*"+${tag}_"*) ;;
		*) fail "$deb is not for Python $python, which the device has: name one with +$tag" ;;
	esac
}

# ---- a running device

open_link() {
	link=$(mktemp -d)
	trap 'ssh -o ControlPath="$link/%C" -O exit "$host" 2> /dev/null || true; rm -rf "$link"' EXIT
	ssh_options+=(-o "ControlPath=$link/%C" -o ControlMaster=auto -o ControlPersist=120
		-o ConnectTimeout=15 -o ServerAliveInterval=5 -o ServerAliveCountMax=6)
	remote true || fail "$host does not answer by ssh; try: ssh $host"
	local user
	user=$(remote id -u)
	as_root=
	if [ "$user" != 0 ]; then
		as_root='sudo -n'
		if ! remote sudo -n true 2> /dev/null; then
			read -r -s -p "password for sudo on $host: " password < /dev/tty || fail "sudo on $host needs a password"
			echo
			as_root="sudo -S -p ''"
		fi
	fi
}

remote() { ssh "${ssh_options[@]}" "$host" "$@" < /dev/null; }

# A word as any shell reads it.
quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Runs a script, given as one word, as root.
root() {
	if [ -n "${password-}" ]; then
		printf '%s\n' "$password" | ssh "${ssh_options[@]}" "$host" "$as_root sh -c $(quoted "$1")"
	else
		remote "$as_root sh -c $(quoted "$1")"
	fi
}

# Says what the device is, and refuses what cannot work.
look_at_device() {
	local facts
	facts=$(remote 'uname -m; python3 -c "import sys; print(\"%d.%d\" % sys.version_info[:2])" || echo none
		df -Pm /var | awk "NR == 2 {print \$4}"; ls /dev/video* 2> /dev/null | wc -l
		{ cat /proc/device-tree/model 2> /dev/null | tr -d "\0"; echo; } | head -n 1
		head -n 1 /etc/nv_tegra_release 2> /dev/null || true') || fail "$host answers no more"
	{ read -r machine; read -r python; read -r free_mb; read -r cameras; read -r board; read -r l4t; } <<< "$facts"$'\n\n'
	say "${board:-no Jetson by its device tree}${l4t:+, $l4t}, $machine, Python $python, $free_mb MB free, $cameras video devices"
	[ "$python" != none ] || fail "$host has no python3"
	[ "$machine" = aarch64 ] || fail "expected an aarch64 device, $host is $machine"
	[ "$free_mb" -ge "$least_mb" ] || fail "$host: expected $least_mb MB free in /var, there are $free_mb"
	if [ "$camera" = camera ] && [ -z "$config" ] && [ "$cameras" = 0 ] && ! remote test -e /etc/belisha/belisha.yaml; then
		fail "$host has no camera: plug one in, name another source with --config, or give --without-camera"
	fi
}

# Copies a file in pieces; what is there already is not sent again.
send() {
	local from=$1 to=$2 total have tries=0
	total=$(stat -c %s "$from")
	while :; do
		have=$(remote "stat -c %s $to 2> /dev/null || echo 0") || have=
		if [ -n "$have" ]; then
			[ "$have" -le "$total" ] || { remote rm -f "$to"; continue; }
			[ "$total" -lt "$chunk" ] || say "sent $((have / 1000000)) of $((total / 1000000)) MB"
			[ "$have" -lt "$total" ] || return 0
			if tail -c "+$((have + 1))" "$from" | head -c "$chunk" | ssh "${ssh_options[@]}" "$host" "cat >> $to"; then
				tries=0
				continue
			fi
		fi
		tries=$((tries + 1))
		[ "$tries" -le 10 ] || fail "the link to $host is gone; run this again, and it goes on from here"
		sleep 3
	done
}

unit() {
	cat <<- UNIT
		[Unit]
		Description=Belisha: install a package, and prove it
		ConditionPathExists=$state/pending
		After=multi-user.target
		[Service]
		Type=oneshot
		TimeoutStartSec=infinity
		ExecStart=/bin/sh $state/install
		[Install]
		WantedBy=multi-user.target
	UNIT
}

# Puts everything into place in one step; pending comes last, as it is what starts the work.
order() {
	local sha256=$1 part=$2
	root "set -e
		mkdir -p $state; chmod 700 $state
		rm -f $state/result $state/new.yaml; : > $state/log
		mv $part $state/new.deb; chown root:root $state/new.deb
		$([ -z "$config" ] || echo "mv $part.yaml $state/new.yaml; chown root:root $state/new.yaml")
		mv $part.install $state/install; chown root:root $state/install
		cat > $units/belisha-flash.service <<'UNIT'
$(unit)
UNIT
		sync
		echo '$sha256 $camera $frames_s 0' > $state/pending.new; mv $state/pending.new $state/pending; sync
		systemctl daemon-reload; systemctl enable --quiet belisha-flash.service
		systemctl start --no-block belisha-flash.service"
}

# Repeats what the device says until it has finished; a broken link or a reboot is waited for.
follow() {
	local shown=0 text silent=0
	while :; do
		if text=$(root "tail -n +$((shown + 1)) $state/log; echo; cat $state/result 2> /dev/null || echo unfinished" 2> /dev/null); then
			silent=0
			result=${text##*$'\n'}
			text=${text%$'\n'*}
			while IFS= read -r line; do
				[ -n "$line" ] || continue
				shown=$((shown + 1))
				say "  $line"
			done <<< "$text"
			[ "$result" = unfinished ] || return 0
		else
			silent=$((silent + 1))
			[ "$silent" -le 60 ] || fail "the device has not answered for minutes; it goes on by itself; run this again to see the result"
		fi
		sleep 2
	done
}

flash_device() {
	open_link
	look_at_device
	choose_deb "$python"
	local sha256 part result=unfinished
	sha256=$(sha256sum < "$deb" | cut -d ' ' -f 1)
	part=/var/tmp/belisha-flash-${sha256:0:16}
	if root "test -e $state/pending"; then
		say "an earlier flash is still under way on the device: waiting for it"
		root "systemctl start --no-block belisha-flash.service"
		follow
		say "the earlier one: $result"
	fi
	if [ -z "$config" ] && root "grep -qsx $sha256 $state/installed.sha256 && ! dpkg --verify belisha | grep -qvE '$may_differ' && systemctl is-active --quiet belisha"; then
		say "this very package is installed and active; proving it again"
		root "ln -f $state/installed.deb $part"
	else
		send "$deb" "$part"
	fi
	remote "rm -f $part.install $part.yaml"
	send "$here/install_on_device.sh" "$part.install"
	[ -z "$config" ] || send "$config" "$part.yaml"
	order "$sha256" "$part"
	follow
	[ "$result" = ok ] || fail "$result; the log is in $state/log on the device"
	say "done: $(remote 'dpkg-query --show --showformat="\${Package} \${Version}" belisha') runs on $host"
}

# ---- a rootfs

# Runs a command inside the rootfs; its mounts end with it.
inside() {
	unshare --mount bash -c 'mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot "$@"' - "$rootfs" "$@" < /dev/null
}

look_at_rootfs() {
	[ "$(id -u)" = 0 ] || fail "a rootfs belongs to root: run this with sudo"
	[ -e "$rootfs/etc/os-release" ] || fail "$rootfs: expected a rootfs with etc/os-release: unpack NVIDIA's sample rootfs there first"
	local shell
	shell=$(readlink -f "$rootfs/usr/bin/dash" || true)
	[ "$(od -An -tx1 -j18 -N1 "$shell" 2> /dev/null | tr -d ' ')" = b7 ] || fail "$rootfs is not a rootfs for arm64"
	inside /bin/true 2> /dev/null || fail "this machine cannot run arm64 programs: apt-get install qemu-user-static binfmt-support"
	python=$(inside /usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "$rootfs has no python3: run NVIDIA's apply_binaries.sh first"
	[ -e "$rootfs/etc/nv_tegra_release" ] || say "no etc/nv_tegra_release: apply_binaries.sh has not run, or this is no L4T"
}

prove_rootfs() {
	local unit
	[ "$(inside dpkg-query --show --showformat='${db:Status-Abbrev}' belisha)" = "ii " ] || return 1
	! inside dpkg --verify belisha | grep -qvE "$may_differ" || return 1
	for unit in belisha belisha-power; do
		[ -L "$rootfs/etc/systemd/system/multi-user.target.wants/$unit.service" ] || return 1
	done
	inside belisha --version > /dev/null
}

flash_rootfs() {
	rootfs=$(cd "$rootfs" && pwd)
	look_at_rootfs
	choose_deb "$python"
	say "Python $python, $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' "$rootfs/etc/os-release")"
	mkdir -p -m 700 "$rootfs$state"
	cp "$deb" "$rootfs$state/new.deb"
	say "installing ${deb##*/}"
	if inside dpkg --force-confdef --force-confold --install "$state/new.deb" > "$rootfs$state/log" 2>&1 && prove_rootfs; then
		[ -z "$config" ] || install -m 644 "$config" "$rootfs/etc/belisha/belisha.yaml"
		sha256sum < "$deb" | cut -d ' ' -f 1 > "$rootfs$state/installed.sha256"
		mv "$rootfs$state/new.deb" "$rootfs$state/installed.deb"
		sync
		say "done: $(inside belisha --version) starts when a device boots from $rootfs"
		return
	fi
	tail -n 5 "$rootfs$state/log" >&2
	if [ -e "$rootfs$state/installed.deb" ]; then
		inside dpkg --force-confold --install "$state/installed.deb" >> "$rootfs$state/log" 2>&1 || true
		fail "it could not be installed; the package that was there before is back"
	fi
	inside dpkg --purge belisha >> "$rootfs$state/log" 2>&1 || true
	fail "it could not be installed, and was removed; the log is in $rootfs$state/log"
}

parse "$@"
if [ -n "$host" ]; then flash_device; else flash_rootfs; fi; exit # or bash would read on in a file that changed
