# What the build needs from outside: cJSON always; LLVM and the tools of the tests when their options ask for them. Each
# message says which command makes it good.

set(VMO_SETUP_HINT "Run tools/setup, which installs what is missing")

# cJSON ships a CMake package on some systems only; the header and the library are always there.
find_path(CJSON_INCLUDE_DIR cjson/cJSON.h)
find_library(CJSON_LIBRARY cjson)
if(NOT CJSON_INCLUDE_DIR OR NOT CJSON_LIBRARY)
  message(FATAL_ERROR "cJSON was not found (package libcjson-dev). ${VMO_SETUP_HINT}.")
endif()
add_library(vmo::cjson UNKNOWN IMPORTED)
set_target_properties(vmo::cjson PROPERTIES
  IMPORTED_LOCATION "${CJSON_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CJSON_INCLUDE_DIR}")

# LLVM: 19 is the base, 22 is supported. LLVM_DIR chooses one; otherwise the first llvm-config found does.
add_library(vmo::llvm INTERFACE IMPORTED) # the shared library, or nothing
if(VMEMOPT_LLVM)
  if(NOT LLVM_DIR)
    find_program(LLVM_CONFIG NAMES llvm-config-19 llvm-config-22)
    if(LLVM_CONFIG)
      execute_process(COMMAND "${LLVM_CONFIG}" --cmakedir OUTPUT_VARIABLE LLVM_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
    endif()
  endif()
  set(LLVM_DIR "${LLVM_DIR}" CACHE PATH "Directory of LLVMConfig.cmake")
  find_package(LLVM QUIET CONFIG)
  if(NOT LLVM_FOUND)
    message(FATAL_ERROR "LLVM 19 or 22 was not found (package llvm-19-dev). ${VMO_SETUP_HINT}; "
      "or build without LLVM: -DVMEMOPT_LLVM=OFF.")
  elseif(NOT LLVM_VERSION_MAJOR MATCHES "^(19|22)$")
    message(FATAL_ERROR "LLVM ${LLVM_PACKAGE_VERSION} at ${LLVM_DIR} is not supported; 19 and 22 are. "
      "Set LLVM_DIR, or build without LLVM: -DVMEMOPT_LLVM=OFF.")
  endif()
  message(STATUS "LLVM ${LLVM_PACKAGE_VERSION} at ${LLVM_DIR}")
  find_library(VMO_LLVM_LIBRARY NAMES LLVM-${LLVM_VERSION_MAJOR} LLVM PATHS "${LLVM_LIBRARY_DIR}" NO_DEFAULT_PATH)
  if(NOT VMO_LLVM_LIBRARY)
    message(FATAL_ERROR "The shared libLLVM was not found in ${LLVM_LIBRARY_DIR} (package libllvm19). ${VMO_SETUP_HINT}.")
  endif()
  target_link_libraries(vmo::llvm INTERFACE "${VMO_LLVM_LIBRARY}")
endif()

# The tests run lit and FileCheck of LLVM, whether or not LLVM is linked, and a Python that has jsonschema: the first
# python3 on the PATH need not be the one that the system's packages belong to.
if(VMEMOPT_TESTS)
  set(missing "")
  find_path(CMOCKA_INCLUDE_DIR cmocka.h)
  find_library(CMOCKA_LIBRARY cmocka)
  if(NOT CMOCKA_INCLUDE_DIR OR NOT CMOCKA_LIBRARY)
    list(APPEND missing "cmocka (package libcmocka-dev)")
  endif()

  find_program(VMO_LLVM_CONFIG_FOR_TESTS NAMES llvm-config-19 llvm-config-22)
  set(llvm_prefix "")
  if(VMO_LLVM_CONFIG_FOR_TESTS)
    execute_process(COMMAND "${VMO_LLVM_CONFIG_FOR_TESTS}" --prefix
      OUTPUT_VARIABLE llvm_prefix OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
  find_program(FILECHECK_EXECUTABLE FileCheck HINTS "${llvm_prefix}/bin")
  find_file(LIT_SCRIPT lit.py HINTS "${llvm_prefix}/build/utils/lit" NO_DEFAULT_PATH)
  if(NOT FILECHECK_EXECUTABLE OR NOT LIT_SCRIPT)
    list(APPEND missing "lit and FileCheck (packages llvm-19, llvm-19-tools)")
  endif()

  find_program(VMO_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)
  find_program(VMO_PYTHON NAMES python3)
  set(python_status 1)
  if(VMO_PYTHON)
    execute_process(COMMAND "${VMO_PYTHON}" -c "import jsonschema" RESULT_VARIABLE python_status ERROR_QUIET)
  endif()
  if(NOT python_status EQUAL 0)
    list(APPEND missing "python3 with jsonschema (packages python3, python3-jsonschema)")
  endif()

  if(missing)
    list(JOIN missing ", " missing)
    message(FATAL_ERROR "The tests need: ${missing}. ${VMO_SETUP_HINT}; or build without tests: -DVMEMOPT_TESTS=OFF.")
  endif()
  add_library(vmo::cmocka UNKNOWN IMPORTED)
  set_target_properties(vmo::cmocka PROPERTIES
    IMPORTED_LOCATION "${CMOCKA_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${CMOCKA_INCLUDE_DIR}")
endif()
