# The lit suite: tests/lit/**/*.vmir, *.ll and *.test. CTest runs it with the parameters read below; by hand:
#   ctest --preset release -R lit -V
#
#   %vmemopt        the tool                  %exits N CMD   succeeds when CMD exits with code N
#   %golden F       compares standard input with the file F; BLESS=1 in the environment rewrites F
#   %validate [F]   JSON report against its schema, then passes it through (standard input without F)
#   %run-validate   the same of the JSON of `run`
#   %validate-profile  the same of the file that an instrumented program writes
#   %source         root of the project       %corpus        its corpus/
#   %structures     vmo-structures (tests/structures), of a whole program
#   %s %S %t %T     as everywhere in lit: this test, its folder, a temporary name, a temporary folder
import os

import lit.formats

python = lit_config.params["python"]
source = lit_config.params["source"]

config.name = "vmemopt"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".vmir", ".test", ".ll"]
config.excludes = ["inputs"]
config.test_source_root = os.path.join(source, "tests")
config.test_exec_root = os.path.join(lit_config.params["binary"], "tests")

# What a tool that is built for a sanitizer writes is what another one writes: its reports are not asked again.
validates = lit_config.params.get("validates", "1") != "0"
structures = lit_config.params.get("structures", os.path.join(lit_config.params["binary"], "bin", "vmo-structures"))
config.substitutions += [
    ("%vmemopt", lit_config.params["vmemopt"]),
    ("%structures", structures + " --whole-program"),
    *((name, f"{python} {source}/tests/validate.py {source}/docs/{schema}.schema.json" if validates else "cat")
      for name, schema in (("%run-validate", "run"), ("%validate-profile", "profile"), ("%validate", "report"))),
    ("%golden", f"{source}/tests/golden"),
    ("%exits", f"{source}/tests/exits"),
    ("%corpus", f"{source}/corpus"),
    ("%python", python),
    ("%source", source),
]

# What a test may require: the version of LLVM, as llvm-22.
config.available_features.add("llvm-" + lit_config.params["llvm_tools"].split("llvm-")[-1].split("/")[0])

# FileCheck, not and the like. Nothing of the caller's terminal or locale reaches a test.
config.environment["PATH"] = lit_config.params["llvm_tools"] + os.pathsep + os.environ.get("PATH", "")
config.environment["LC_ALL"] = "C.UTF-8"
for name in ("COLUMNS", "TERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
    config.environment.pop(name, None)
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "BLESS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
