#!/bin/bash
# Starts an nginx with this configuration in place of the last one. The file that it serves is on the disk then, not in memory.
set -euo pipefail

nginx() { command nginx -p "$PWD" -e error.log -c "$PWD/$1" "${@:2}"; }

if [ -e nginx.pid ]; then
    nginx "$1" -s stop
    while [ -e nginx.pid ]; do sleep 0.05; done
fi
mkdir -p files
[ -e files/large.bin ] || head -c 16M /dev/urandom >files/large.bin
sync files/large.bin
dd if=files/large.bin iflag=nocache count=0 status=none
nginx "$1"
until [ -s nginx.pid ]; do sleep 0.05; done
