#!/bin/sh
# The first program in the virtual Jetson: loads what the disk needs, mounts it, and gives way to its systemd, or
# to what init= names.
/bin/busybox --install -s /bin
export PATH=/bin
mkdir -p /proc /sys /dev /root
mount -t devtmpfs devices /dev
mount -t proc proc /proc
init=/sbin/init
for word in $(cat /proc/cmdline); do case $word in init=*) init=${word#init=} ;; esac; done
for module in /modules/*; do insmod "$module"; done
tries=0
until [ -b /dev/vda ] || [ "$tries" -ge 100 ]; do usleep 100000; tries=$((tries + 1)); done
mount -t ext4 /dev/vda /root || exec sh
umount /proc
mount --move /dev /root/dev
exec switch_root /root "$init"
