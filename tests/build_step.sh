#!/bin/bash
# build_step.sh BUILD SOURCE CLANG LLVM_TOOLS PYTHON: vmemopt as a step of an outside project's build, against an installed copy, by
# every route: CMake with Ninja and with Make, a Makefile, a launcher of the compiler, clang's and opt's own options, and
# link-time optimisation. The program must print what it printed before, with fewer allocations, be built anew when something
# that it depends on changes, and left alone otherwise.
set -euo pipefail
build=$1 source=$2 clang=$3 tools=$4 python=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
major=$("$clang" -dumpversion | cut -d. -f1)
fail() { echo "build_step: $*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "failed: $*"; }; }
refused() { if "$@" >"$work/log" 2>&1; then fail "was not refused: $*"; fi; }
said() { grep -qF -- "$1" "$work/log" || { cat "$work/log"; fail "not said: $1"; }; }

quietly cmake --install "$build" --prefix "$work/prefix"
export PATH="$work/prefix/bin:$PATH"
pass=$(find "$work/prefix" -name "vmemopt-pass-$major.so")
[ -n "$pass" ] || fail "no pass is installed"
cp -r "$source/examples/build_step" "$work/words"
cd "$work/words"
flags=(-O2 -g -D_POSIX_C_SOURCE=200809L)

quietly "$clang" -shared -fPIC -O1 "$source/tests/count_allocations.c" -o "$work/count.so"
allocations() { LD_PRELOAD="$work/count.so" "$@" 2>&1 >/dev/null | sed -n 's/^allocations //p'; }

echo "-- as it is, without vmemopt"
quietly "$clang" "${flags[@]}" main.c words.c -o "$work/plain"
"$work/plain" >"$work/expected"
before=$(allocations "$work/plain")
test -s "$work/expected" && [ "$before" -gt 0 ]

# same PROGRAM: prints the same, with fewer allocations
same() {
  "$1" | diff "$work/expected" - || fail "$1 prints something else"
  local after
  after=$(allocations "$1")
  echo "$after allocations of $before"
  [ "$after" -lt "$before" ] || fail "$1 makes as many allocations as before"
}

echo "-- a Makefile"
sed -i "s/clang-19/${clang//\//\\/}/" Makefile
quietly make words
same ./words
make report >"$work/report"
grep -q 'words.c:[0-9]*:[0-9]*: in longest: strdup: stack-bounded' "$work/report" || { cat "$work/report"; fail "report"; }
make -q words || fail "make would build it again"
touch words.h
make -n words >"$work/log"; grep -q 'words.c' "$work/log" || fail "make does not see that a header changed"
vmemopt report --json main.o words.o -o both.json
refused vmemopt report main.o none.o
said "cannot read none.o.vmemopt.json"
said "hint: vmemopt cc --json -- clang-19 -O2 -c a.c -o a.o writes a.o.vmemopt.json"
"$python" "$source/tests/validate.py" "$source/docs/report.schema.json" both.json >/dev/null

echo "-- one compiler line for all, and reports that it cannot have"
quietly vmemopt cc -- "$clang" "${flags[@]}" main.c words.c -o one
same ./one
refused vmemopt cc --json -- "$clang" "${flags[@]}" main.c words.c -o two
said "reports are of one source at a time"
test ! -e two
mkdir probes && cd probes
echo 'int main(void) { return 0; }' >conftest.c # as configure scripts do
quietly vmemopt cc --json -- "$clang" -O2 conftest.c -o conftest
"$python" "$source/tests/validate.py" "$source/docs/report.schema.json" conftest.vmemopt.json >/dev/null
quietly vmemopt cc --json -- "$clang" -O2 conftest.c
test -s a.out.vmemopt.json
quietly vmemopt cc --json -- "$clang" -O2 -c conftest.c -o /dev/null
vmemopt cc --json -- "$clang" -O2 -S conftest.c -o - >"$work/log"
said "main:"
quietly vmemopt cc --json -- "$clang" -O2 -flto -c conftest.c
quietly vmemopt cc --json -- "$clang" -O2 -flto -fuse-ld=lld conftest.o
[ "$(ls *.json | tr '\n' ' ')" = "a.out.vmemopt.json conftest.o.vmemopt.json conftest.vmemopt.json " ] || fail "reports: $(ls)"
cd ..

echo "-- clang's and opt's own options"
quietly "$clang" "${flags[@]}" -fpass-plugin="$pass" main.c words.c -o plugin
same ./plugin
for file in main words; do
  quietly "$clang" "${flags[@]}" -emit-llvm -c $file.c -o $file.bc
  quietly "$tools/opt" -load-pass-plugin="$pass" -passes=vmemopt $file.bc -o $file.better.bc
done
quietly "$clang" -O2 main.better.bc words.better.bc -o by_opt
same ./by_opt
"$clang" "${flags[@]}" -fpass-plugin="$pass" -Rpass=vmemopt -Rpass-missed=vmemopt -Rpass-analysis=vmemopt -c words.c -o remarks.o 2>"$work/log"
said "words.c:19:16: remark: strdup"
said "[-Rpass=vmemopt]"
said "[-Rpass-missed=vmemopt]"
said "[-Rpass-analysis=vmemopt]"

echo "-- several modules, linked and rewritten as one"
vmemopt opt main.bc words.bc --whole-program -o whole.bc --json=whole.json
quietly "$clang" -O2 whole.bc -o whole
same ./whole
after=$(allocations ./whole)
[ "$after" -lt "$(allocations ./one)" ] || fail "the whole program gives no more than its parts"

echo "-- full link-time optimisation by lld"
export VMEMOPT_OPTIONS="json=$work/lto.json"
for file in main words; do VMEMOPT_OPTIONS='' quietly vmemopt cc -- "$clang" "${flags[@]}" -flto -c $file.c -o $file.o; done
quietly vmemopt cc -- "$clang" -flto -fuse-ld=lld -O2 main.o words.o -o lto
unset VMEMOPT_OPTIONS
same ./lto
test -s "$work/lto.json"

echo "-- heaps: compiled and linked by steps, and at once"
for file in main words; do quietly vmemopt cc --heaps -- "$clang" "${flags[@]}" -c $file.c -o $file.o; done
quietly vmemopt cc --heaps --json="$work/heaps.json" -- "$clang" -O2 main.o words.o -o heaps
same ./heaps
grep -q '"heap":0,"kind":' "$work/heaps.json" || fail "no heap was made"
quietly vmemopt cc --heaps -- "$clang" "${flags[@]}" main.c words.c -o heaps_at_once
same ./heaps_at_once

echo "-- heaps: instrumented, run, and laid out by what was told"
quietly vmemopt cc --heaps --instrument=told.json -- "$clang" -O2 main.o words.o -o watched
./watched | diff "$work/expected" - || fail "the instrumented program prints something else"
grep -q '"schema": "vmemopt-profile-1"' told.json || fail "no profile was written"
rm told.json && VMEMOPT_PROFILE_FILE=$work/told.json ./watched >/dev/null && test ! -e told.json
quietly vmemopt cc --heaps --profile="$work/told.json" --json="$work/heaps.json" -- "$clang" -O2 main.o words.o -o laid_out
same ./laid_out
if grep -q 'W0603' "$work/log"; then cat "$work/log"; fail "sites were not known again"; fi
grep -q '"profiled": true' "$work/heaps.json" || fail "the profile was not read"
cp "$work/told.json" "$work/again.json"
quietly vmemopt cc --heaps --profile="$work/told.json" --profile="$work/again.json" --json="$work/heaps.json" -- "$clang" -O2 main.o words.o -o laid_out
same ./laid_out
if grep -q 'W0603' "$work/log"; then cat "$work/log"; fail "sites of two runs were not known again"; fi
grep -q '"profiled": true' "$work/heaps.json" || fail "the profiles were not read"

echo "-- heaps: objects of machine code have nothing for the linker's pass, which is told"
for file in main words; do quietly "$clang" "${flags[@]}" -c $file.c -o $file.machine.o; done
vmemopt cc --heaps -- "$clang" -O2 main.machine.o words.machine.o -o none 2>"$work/log"
grep -q 'warning: no heap is made: main.machine.o holds machine code, and so do all objects \[W0803\]' "$work/log" || fail "nothing was said"
[ "$(allocations ./none)" -ge "$before" ]
quietly vmemopt cc --heaps -- "$clang" -O2 main.o words.machine.o -o some
if grep -q 'holds machine code' "$work/log"; then fail "one object holds LLVM IR"; fi

echo "-- without optimisation nothing is done, and nothing is said"
vmemopt cc -- "$clang" -O0 -D_POSIX_C_SOURCE=200809L main.c words.c -o debug 2>"$work/log"
test ! -s "$work/log"
[ "$(allocations ./debug)" = "$before" ]

echo "-- response files, assembler and preprocessing"
printf '%s\n' "${flags[@]}" -c "'words.c'" -o response.o >words.rsp
quietly vmemopt cc --json -- "$clang" @words.rsp -o response.o
test -s response.o.vmemopt.json
vmemopt cc -- "$clang" -E words.c 2>"$work/log" | grep lower_case >"$work/preprocessed"
test ! -s "$work/log"
quietly "$clang" -S words.c -D_POSIX_C_SOURCE=200809L -o words.s
quietly vmemopt cc -- "$clang" -Werror -c words.s -o words.o
quietly vmemopt cc -- "$clang" "${flags[@]}" -Werror -c main.c -o main.o
quietly vmemopt cc -- "$clang" -Werror main.o words.o -o linked

echo "-- a warning about large frames that is an error; another machine; other names of lld and of its mode"
cat >frame.c <<'END'
#include <stdlib.h>
#include <string.h>
size_t digits(size_t bytes, const char *from) {
  char *text = malloc(bytes);
  if (text == NULL) return 0;
  memcpy(text, from, bytes);
  size_t count = strspn(text, "0123456789");
  free(text);
  return count;
}
END
quietly vmemopt cc --json -- "$clang" -O2 -Wframe-larger-than=512 -Werror -c frame.c
grep -q '"slot_bytes":[1-9]' frame.o.vmemopt.json || fail "small frames have no slots"
quietly vmemopt cc -- "$clang" -O2 -m32 -DNDEBUG -x c -c -o /dev/null - <<<'int f(int x) { return x + 1; }'
said "warning: this is for a machine with pointers of 4 bytes, and stays as it is [W0801]"
for file in main words; do quietly vmemopt cc -- "$clang" "${flags[@]}" -flto=auto -c $file.c -o $file.o; done
quietly vmemopt cc --json -- "$clang" -flto=auto --ld-path="$(command -v ld.lld-$major || command -v ld.lld)" -O2 main.o words.o -o auto
same ./auto
test -s auto.vmemopt.json

echo "-- ccache: other options are other objects, and a report is never left out"
export CCACHE_DIR="$work/ccache"
for size in 64 128 64; do
  quietly vmemopt cc --max-stack=$size -- ccache "$clang" "${flags[@]}" -c words.c -o "cached$size.o"
done
ccache --print-stats | grep -qE '^(direct|preprocessed)_cache_hit[[:space:]]+1$' || fail "ccache was not used as it should be"
if cmp -s cached64.o cached128.o; then fail "ccache mixes options up"; fi
quietly vmemopt cc --max-stack=64 --json -- ccache "$clang" "${flags[@]}" -c words.c -o cached64.o
test -s cached64.o.vmemopt.json

echo "-- LLVM is loaded where it is needed: not by the wrapper, nor for VMIR"
# loads COMMAND...: what its process maps; one that becomes a compiler has failed to
loads() { LD_DEBUG=files vmemopt "$@" >"$work/log" 2>&1 || true; said "libvmemrt.so.0"; grep -q 'calling init: .*libLLVM' "$work/log"; }
loads analyze main.bc || fail "what LLVM is loaded for was not seen"
if loads cc -- "/no/such/clang-$major" -O2 -c words.c; then fail "cc loads LLVM"; fi
said "cannot run /no/such/clang-$major"
if loads analyze average.vmir; then fail "analyze of VMIR loads LLVM"; fi
module=$(find "$work/prefix" -name "vmemopt-llvm-$major.so")
mv "$module" "$work/module"
refused vmemopt analyze main.bc
said "vmemopt: error: vmemopt-llvm-$major.so is not where it was installed [E0801]"
refused vmemopt run average.vmir --dim N=4 --arg '*=random:7'
said "vmemopt-llvm-$major.so is not where it was installed [E0801]"
echo 'no library' >"$module"
refused vmemopt compile average.vmir -o average.o
said "vmemopt: error: vmemopt-llvm-$major.so cannot be loaded: $module: file too short [E0801]"
quietly "$clang" -shared -nostdlib -x c - -o "$module" <<'END'
__attribute__((visibility("default"))) const struct { const char *version; unsigned long bytes; } vmo_llvm_functions = {"0.0.7", 8};
END
refused vmemopt opt main.bc -o none.bc
said "belongs to another vmemopt [E0801]"
mv "$work/module" "$module"
quietly vmemopt opt main.bc -o some.bc

echo "-- what is wrong"
printf 'int main(void) { return 1 +; }\n' >broken.c
if vmemopt cc --json -- "$clang" -O2 -c broken.c -o broken.o 2>"$work/log"; then fail "broken.c compiled"; fi
said "broken.c:1:"
test ! -e broken.o && test ! -e broken.o.vmemopt.json
refused vmemopt cc -- gcc -O2 -c words.c -o words.o
said "gcc has no passes of LLVM [E0008]"
refused vmemopt cc -- no-such-compiler -c words.c
said "cannot run no-such-compiler: No such file or directory [E0008]"
refused vmemopt cc
said "cc needs a compiler and its arguments"
refused env VMEMOPT_OPTIONS=max-stak=7 "$clang" -O2 -fpass-plugin="$pass" -c words.c -o wrong.o -D_POSIX_C_SOURCE=200809L
said "VMEMOPT_OPTIONS: there is no option max-stak"
said "did you mean max-stack?"
test ! -e wrong.o
refused env VMEMOPT_OPTIONS=json=/no/such/folder/a.json "$clang" "${flags[@]}" -fpass-plugin="$pass" -c words.c -o wrong.o
said "cannot write /no/such/folder/a.json"
test ! -e wrong.o
said_not() { if grep -qF -- "$1" "$work/log"; then cat "$work/log"; fail "said: $1"; fi; }
refused env VMEMOPT_OPTIONS=help "$clang" -O2 -fpass-plugin="$pass" -c main.c -o wrong.o
said "VMEMOPT_OPTIONS: there is no option help"
said_not "did you mean"
refused env VMEMOPT_OPTIONS=config= "$clang" -O2 -fpass-plugin="$pass" -c main.c -o wrong.o
said "VMEMOPT_OPTIONS: config needs an argument"
refused env VMEMOPT_OPTIONS=max-stack=64,,heaps "$clang" -O2 -fpass-plugin="$pass" -c main.c -o wrong.o
said "VMEMOPT_OPTIONS: there is nothing between two commas, or at an end"
refused env VMEMOPT_OPTIONS=profile=some.profile "$clang" -O2 -fpass-plugin="$pass" -c main.c -o wrong.o
said "--profile tells how to group heaps, and --heaps is not there"
printf '{"json": true}' >options.json
refused env VMEMOPT_OPTIONS=config=options.json "$clang" -O2 -fpass-plugin="$pass" -c main.c -o wrong.o
said '"json": true in options.json names no file'
test ! -e wrong.o
refused env VMEMOPT_PASS=/no/such.so vmemopt cc -- "$clang" -O2 -c words.c
said "is not where it was installed"
refused vmemopt report words.c
refused vmemopt report average.vmir.json
printf '{"schema":"vmemopt.report/1"}' >other.json
refused vmemopt report other.json
said "other.json is no report on LLVM IR [E0009]"

echo "-- an option's value with a comma and a blank; options from a file"
mkdir "a, b"
VMEMOPT_OPTIONS='json=a\, b/r.json,max-stack=64' quietly "$clang" "${flags[@]}" -fpass-plugin="$pass" -c words.c -o words.o
test -s "a, b/r.json"
grep -q '"slot_bytes":64' "a, b/r.json"
printf '{"max-stack": 128, "json": "from_file.json"}' >options.json
VMEMOPT_OPTIONS=config=options.json quietly "$clang" "${flags[@]}" -fpass-plugin="$pass" -c words.c -o words.o
grep -q '"slot_bytes":128' from_file.json

echo "-- another LLVM"
cat >host.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
struct info { unsigned api; const char *name, *version; void *callback; };
void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch) { *major = 7, *minor = 0, *patch = 1; }
int main(int count, char **arguments) {
  void *pass = count > 1 ? dlopen(arguments[1], RTLD_LAZY) : NULL;
  if (pass == NULL) return fprintf(stderr, "%s\n", dlerror()), 2;
  struct { struct info info; size_t beyond[4]; } told = {.beyond = {7, 7, 7, 7}};
#ifdef __x86_64__ /* where the struct goes is the first argument: nothing is written beyond the four members of old */
  void *(*get)(struct info *) = (void *(*)(struct info *))dlsym(pass, "llvmGetPassPluginInfo");
  if (get != NULL) get(&told.info);
#else
  struct info (*get)(void) = (struct info (*)(void))dlsym(pass, "llvmGetPassPluginInfo");
  if (get != NULL) told.info = get();
#endif
  for (int i = 0; i < 4; i++)
    if (told.beyond[i] != 7) return fprintf(stderr, "written beyond the end\n"), 3;
  return get != NULL && told.info.api == 0 && told.info.callback == NULL && told.info.name != NULL ? 0 : 1;
}
END
quietly "$clang" -rdynamic host.c -o host -ldl -L"$("$tools/llvm-config" --libdir)" -Wl,--no-as-needed "-lLLVM-$major"
./host "$pass" 2>"$work/log" || fail "another LLVM is not refused"
said "vmemopt: error: this pass is for LLVM $major, and the program that loads it is built on LLVM 7"
said "hint: use clang-$major, or a vmemopt that was built with LLVM 7"

for generator in Ninja "Unix Makefiles"; do
  echo "-- CMake: $generator"
  folder=$work/cmake-${generator%% *}
  quietly cmake -S . -B "$folder" -G "$generator" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$clang" \
    -DCMAKE_BUILD_TYPE=Release
  quietly cmake --build "$folder"
  "$folder/words" | head -2 | diff "$work/expected" - || fail "prints something else"
  "$folder/words" | grep -qx '4.[0-9]* letters on average' || fail "the plan's result is wrong"
  grep -q 'strdup: stack-bounded' "$folder/words.txt"
  cp "$folder/words" "$work/first"
  touch -r "$folder/words" "$work/stamp"
  quietly cmake --build "$folder"
  [ ! "$folder/words" -nt "$work/stamp" ] || fail "built again though nothing changed"
  sleep 1.1 # Make compares whole seconds on some file systems
  touch words.h
  quietly cmake --build "$folder"
  [ "$folder/words" -nt "$work/stamp" ] || fail "a changed header is not seen"
  touch -r "$folder/words" "$work/stamp"
  sleep 1.1
  quietly cmake -S . -B "$folder" -DMAX_STACK=64
  quietly cmake --build "$folder"
  [ "$folder/words" -nt "$work/stamp" ] || fail "a changed option is not seen"
  touch -r "$folder/words" "$work/stamp"
  sleep 1.1
  touch average.vmir
  quietly cmake --build "$folder"
  [ "$folder/words" -nt "$work/stamp" ] || fail "a changed model is not seen"
done

echo "-- CMake: a launcher of the compiler, and gcc"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES C)\nadd_executable(p main.c words.c)\n' >plain.cmake
mkdir "$work/launched" && cp main.c words.c words.h "$work/launched" && cp plain.cmake "$work/launched/CMakeLists.txt"
quietly cmake -S "$work/launched" -B "$work/launched/build" -G Ninja -DCMAKE_C_COMPILER="$clang" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_FLAGS=-D_POSIX_C_SOURCE=200809L "-DCMAKE_C_COMPILER_LAUNCHER=vmemopt;cc;--"
quietly cmake --build "$work/launched/build"
same "$work/launched/build/p"
refused cmake -S . -B "$work/gcc" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER=gcc
said "vmemopt_optimize needs clang $major"
echo "build_step: every route"
