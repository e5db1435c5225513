#!/bin/bash
# What the site is asked for while it is measured.
set -euo pipefail

curl --silent --show-error --fail --output /dev/null http://127.0.0.1:8080/large.bin
