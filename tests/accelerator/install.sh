#!/usr/bin/env bash
# Makes the environment of 'make test-tensorrt': NVIDIA's compiler (TensorRT-RTX), pycuda built from its
# source, and the fake driver that both of them run on. All of it from PyPI, about 200 MB; no GPU.
#
#   tests/accelerator/install.sh VENV
#
# Exit code 77: it cannot be made on this machine; the reason is the last line.
set -euo pipefail

VENV=$(realpath -m "$1")
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
FAKE=$VENV/fake
PYCUDA=2026.1 RTX=1.7.1.116 RUNTIME=13.5.37 PROFILER=13.5.25

skip() { echo "$1"; exit 77; }
pip() { "$VENV/bin/python" -m pip --quiet --disable-pip-version-check "$@" || skip "pip $1 failed: see above"; }

[ "$(uname -sm)" = "Linux x86_64" ] || skip "TensorRT-RTX has wheels for Linux on x86-64 only"
for tool in g++ nm; do command -v $tool > /dev/null || skip "$tool is missing: apt-get install g++ binutils"; done
if [ -e "$VENV/.ready" ] && [ "$VENV/.ready" -nt "$HERE/fake_cuda.c" ] && [ "$VENV/.ready" -nt "$0" ]; then exit 0; fi

PYTHON=${PYTHON:-python3}
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV" || skip "$PYTHON cannot make an environment: apt-get install python3-venv"
INCLUDE=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[ -e "$INCLUDE/Python.h" ] || skip "Python.h is missing: apt-get install python3-dev"

echo "installing TensorRT-RTX $RTX and what the tests need into $VENV (once)" >&2
pip install "$ROOT[cpu]" hypothesis onnx pytest setuptools wheel "tensorrt-rtx==$RTX" mako platformdirs pytools
"$VENV/bin/python" -m pip --quiet uninstall --yes belisha  # the tests take it from the checkout

# The driver twice: bare to link with, and whole once it is known what pycuda calls.
mkdir -p "$FAKE/headers"
gcc -O1 -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$FAKE/libcuda.so.1" "$HERE/fake_cuda.c" -lpthread
ln -sf libcuda.so.1 "$FAKE/libcuda.so"

if ! "$VENV/bin/python" -c "import importlib.metadata as m; raise SystemExit(m.version('pycuda') != '$PYCUDA')" 2> /dev/null; then
    echo "building pycuda $PYCUDA (a minute or two, once)" >&2
    SOURCE=$(mktemp -d)
    trap 'rm -rf "$SOURCE"' EXIT
    pip install --no-deps --target "$FAKE/headers" "nvidia-cuda-runtime==$RUNTIME" "nvidia-cuda-profiler-api==$PROFILER"
    pip download --no-deps --no-build-isolation --no-binary pycuda --dest "$SOURCE" "pycuda==$PYCUDA"
    tar -xf "$SOURCE"/pycuda-*.tar.gz -C "$SOURCE" --strip-components 1
    cat > "$SOURCE/siteconf.py" << END
CUDA_INC_DIR = ["$FAKE/headers/nvidia/cu13/include"]
CUDADRV_LIB_DIR = ["$FAKE"]
CUDA_ENABLE_CURAND = False
CXXFLAGS = ["-O0", "-g0", "-w"]
LDFLAGS = []
END
    pip install --no-deps --no-build-isolation "$SOURCE"
fi

# Whatever else pycuda may call answers 801: not supported.
{
    echo "#include \"$HERE/fake_cuda.c\""
    comm -23 <(nm -D --undefined-only "$VENV"/lib/python3*/site-packages/pycuda/_driver*.so | grep -o '\bcu[A-Z]\w*' | sort -u) \
             <(nm -D --defined-only "$FAKE/libcuda.so.1" | grep -o '\bcu[A-Z]\w*' | sort -u) |
        sed 's/.*/Result &(void) { return NOT_SUPPORTED; }/'
} > "$FAKE/whole.c"
gcc -O1 -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$FAKE/libcuda.so.1" "$FAKE/whole.c" -lpthread
touch "$VENV/.ready"
