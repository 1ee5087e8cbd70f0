#!/usr/bin/env bash
# Proves TensorRT on the board that it runs on: builds the engine, inspects it, compares what it finds with
# the golden frames, measures the latency. Prints one verdict, and writes all of it as JSON.
#
#   jetson/verify_on_device.sh [BUNDLE]                 the shipped champion without BUNDLE
#   SECONDS_EACH=5 OUT=verdict.json jetson/verify_on_device.sh my.bundle
#
# Needs belisha in the Python that PYTHON names (default: python3), TensorRT's Python package (JetPack:
# apt-get install python3-libnvinfer) and pycuda. Exit code: 0 passed, 3 failed, 2 cannot be tried.
#
# NOT YET RUN ON A BOARD. It was run against stand-ins for CUDA and TensorRT (make test-tensorrt) and
# on a machine without a GPU, where it says so. Send the JSON of your board, please.
set -euo pipefail

PYTHON=${PYTHON:-python3}
OUT=${OUT:-belisha-verdict-$(date -u +%Y%m%dT%H%M%SZ).json}
SECONDS_EACH=${SECONDS_EACH:-23}
BUNDLE=("$@")

fail() { echo "verify_on_device: $1" >&2; exit 2; }
[ ${#BUNDLE[@]} -le 1 ] || fail "expected at most one bundle, got ${#BUNDLE[@]}"
command -v "$PYTHON" > /dev/null || fail "$PYTHON is not there: set PYTHON"
"$PYTHON" -c 'import belisha' 2> /dev/null || fail "belisha is not installed in $PYTHON: pip install belisha"

echo "== the board"
{ cat /proc/device-tree/model 2> /dev/null || uname -m; } | tr '\0' '\n'
head -1 /etc/nv_tegra_release 2> /dev/null || echo "no Jetson: /etc/nv_tegra_release is absent"
command -v nvpmodel > /dev/null && nvpmodel -q 2> /dev/null | head -2 || echo "power mode: not told"
for library in tensorrt pycuda; do
    "$PYTHON" -c "import $library; print('$library', getattr($library, '__version__', None) or $library.VERSION_TEXT)" \
        2> /dev/null || echo "$library: cannot be imported"
done

echo "== the engine"
code=0
"$PYTHON" -c 'import sys; from belisha.cli import main; sys.exit(main())' \
    engine verify "${BUNDLE[@]}" --seconds "$SECONDS_EACH" --out "$OUT" || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || fail "the check itself ended with code $code"
exit "$code"
