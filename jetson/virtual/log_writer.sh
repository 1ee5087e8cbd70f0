#!/bin/sh
# The first program of the virtual Jetson for quick power cuts: nothing but the log's writer runs.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
export PATH=/usr/sbin:/usr/bin:/sbin:/bin PYTHONPATH=/usr/lib/belisha/site
mkdir -p /var/lib/belisha
exec python3 /root/log_writer.py > /dev/console 2>&1
