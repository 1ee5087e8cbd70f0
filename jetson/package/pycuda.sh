#!/usr/bin/env bash
# Builds pycuda for a Jetson, on any machine and without one, as a wheel that goes into the package:
#
#   jetson/package/pycuda.sh jetpack6 dist
#   python -m jetson deb --target jetpack6 --pycuda dist/pycuda-2026.1-cp310-cp310-linux_aarch64.whl
#
#   apt-get install g++-aarch64-linux-gnu
#   and the target's Python with its headers: python3.10 or python3.12, of the same minor version; PYTHON names another
#
# pycuda's source and NVIDIA's headers come from PyPI, pinned by digest. It is linked with a library that has
# the name of CUDA's driver and nothing in it: what pycuda calls it finds in JetPack's driver when it is loaded.
# The compiler may not be newer than gcc 12 for JetPack 6, whose C++ library the result asks for; jetson deb
# refuses a result that asks for a newer C library.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=aarch64-linux-gnu

fail() { echo "pycuda: $*" >&2; exit 1; }

[ $# = 2 ] || { sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | sed '/^set /d'; exit 2; }
case $1 in
	jetpack6) version=3.10 cuda=cuda12 ;;
	jetpack7) version=3.12 cuda=cuda13 ;;
	debian12) version=3.11 cuda=cuda12 ;;
	*) fail "expected jetpack6, jetpack7 or debian12, got $1" ;;
esac
mkdir -p "$2"
out=$(cd "$2" && pwd)
python=${PYTHON:-python$version}
tag=cpython-${version/./}-$prefix
command -v "$prefix-g++" > /dev/null || fail "no $prefix-g++: apt-get install g++-aarch64-linux-gnu"
command -v "$python" > /dev/null || fail "no $python, whose headers are needed: PYTHON names one"
[ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$version" ] || fail "$python is not Python $version"
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[ -e "$include/Python.h" ] || fail "$python has no Python.h: apt-get install python$version-dev"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pip() { "$python" -m pip --quiet --disable-pip-version-check "$@" || fail "pip $1 failed: see above"; }
pip install --target "$folder/tools" numpy setuptools wheel
export PYTHONPATH=$folder/tools
pip install --no-deps --target "$folder/headers" --platform manylinux2014_aarch64 --only-binary :all: \
	--require-hashes --requirement "$here/locks/$cuda.txt"
pip download --no-deps --no-build-isolation --no-binary pycuda --dest "$folder" --require-hashes --requirement "$here/locks/pycuda.txt"
mkdir "$folder/source"
tar -xf "$folder"/pycuda-*.tar.gz -C "$folder/source" --strip-components 1
echo | "$prefix-gcc" -shared -x c - -Wl,-soname,libcuda.so.1 -o "$folder/libcuda.so"
cat > "$folder/source/siteconf.py" << END
CUDA_INC_DIR = "$(printf '%s ' "$folder"/headers/nvidia/*/include)".split()
CUDADRV_LIB_DIR = ["$folder"]
CUDA_ENABLE_CURAND = False
CXXFLAGS = ["-O1", "-g0", "-w", "-ffile-prefix-map=$folder=."]
LDFLAGS = ["-Wl,-s"]
END
link="$prefix-g++ -shared -Wl,--no-as-needed" # or the empty driver is left out again
cd "$folder/source"
CC=$prefix-gcc CXX=$prefix-g++ LDSHARED="$link" LDCXXSHARED="$link" SOURCE_DATE_EPOCH=315532800 \
	_PYTHON_HOST_PLATFORM=linux-aarch64 SETUPTOOLS_EXT_SUFFIX=.$tag.so "$python" setup.py --quiet bdist_wheel --dist-dir "$out"
ls "$out"/pycuda-*-cp"${version/./}"-*aarch64.whl
