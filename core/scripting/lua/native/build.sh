#!/usr/bin/env bash
# Build the Lua machine: ../image.ts from Lua's own source, vendor/lua/lua-5.1.5.patch and the files of this folder.
#
#   build.sh lua-5.1.5.tar.gz
#
# Needs clang and lld 16 or later, wasi-libc, the wasm32 builtins of compiler-rt, and node. On Debian 12:
#   apt-get install clang-16 lld-16 wasi-libc libclang-rt-16-dev-wasm32
set -euo pipefail

source_archive=$(realpath "${1:?usage: build.sh lua-5.1.5.tar.gz}")
native=$(cd "$(dirname "$0")" && pwd)
patch_file=$native/../../../../vendor/lua/lua-5.1.5.patch
version=${LLVM_VERSION:-16}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "2640fc56a795f29d28ef15e13c34a47e223960b0240e8cb0a82d9b0738695333  $source_archive" | sha256sum --check --quiet
tar -xzf "$source_archive" -C "$work" --strip-components=1
patch -d "$work" -p1 --quiet < "$patch_file"

# What is not in a sandbox, or needs a system.
(cd "$work/src" && rm -f lua.c luac.c print.c liolib.c loadlib.c ldblib.c linit.c loslib.c)

flags=(--target=wasm32-wasi -O3 -msign-ext -mmutable-globals -mnontrapping-fptoint)
mkdir "$work/objects"
for file in "$work"/src/*.c "$native"/*.c; do
  case $file in */memory.c) own=(-mbulk-memory -fno-builtin) ;; *) own=() ;; esac
  clang-"$version" "${flags[@]}" "${own[@]}" -Wall -Wextra -Wno-unused-parameter -Wno-missing-braces -Wno-misleading-indentation \
    -I "$native" -I "$work/src" -c "$file" -o "$work/objects/$(basename "$file" .c).o"
done

wasm-ld-"$version" --no-entry --export-table --export=__stack_pointer --stack-first -z stack-size=1048576 --strip-all \
  "$work"/objects/*.o -L/usr/lib/wasm32-wasi -lc \
  "$(clang-"$version" -print-resource-dir)/lib/wasi/libclang_rt.builtins-wasm32.a" -o "$work/lua.wasm"

node - "$work/lua.wasm" "$native/../image.ts" <<'EOF'
const { readFileSync, writeFileSync } = require('node:fs')
const { gzipSync, constants } = require('node:zlib')
const [, , from, to] = process.argv
const image = gzipSync(readFileSync(from), { level: constants.Z_BEST_COMPRESSION }).toString('base64')
writeFileSync(to, `/* The Lua machine as compiled by native/build.sh: WebAssembly, gzip, base64. Licences: vendor/lua/NOTICES. */

// biome-ignore format: one line
export const LUA_IMAGE: string = '${image}'
`)
EOF
echo "built $(wc -c < "$work/lua.wasm") bytes of WebAssembly"
