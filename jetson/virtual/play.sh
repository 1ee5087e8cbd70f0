#!/bin/sh
# In the virtual Jetson: the test camera shows /root/drive.bgr, of 640x480, instead of its test pattern. A pipe
# from the driver's output to its input needs the same timings and pixels at both ends.
set -e
rmmod vivid
modprobe vivid n_devs=1 node_types=0x101 num_inputs=1 input_types=0x3 num_outputs=1 output_types=0x1
for device in 0 1; do v4l2-ctl -d "$device" --set-dv-bt-timings index=0; done
v4l2-ctl -d 1 --set-fmt-video-out=width=640,height=480,pixelformat=BGR3
v4l2-ctl -d 0 -c loop_video=1
v4l2-ctl -d 1 --stream-out-mmap=4 --stream-from=/root/drive.bgr --stream-loop > /dev/null 2>&1 &
# 60 pictures a second are too many for an emulated processor; the last one stays where it is.
sleep 10
kill -STOP $!
