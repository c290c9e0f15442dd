# How everything is compiled: the interface target vmo_options, which every target of the project links privately.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF) # a file that needs POSIX defines _POSIX_C_SOURCE or _GNU_SOURCE itself
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED) # the planner races searches

add_library(vmo_options INTERFACE)
target_link_libraries(vmo_options INTERFACE Threads::Threads)
target_compile_options(vmo_options INTERFACE -Wall -Wextra -Wshadow -Wvla
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)
# Each product and each sum is rounded by itself, on every machine: no fused multiply-add unless it is asked for.
target_compile_options(vmo_options INTERFACE -ffp-contract=off)
target_link_libraries(vmo_options INTERFACE m)
target_compile_definitions(vmo_options INTERFACE VMO_VERSION="${PROJECT_VERSION}")
# Headers are named from the root ("support/vec.h"), the public ones as users name them ("vmemrt.h").
target_include_directories(vmo_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/include")
if(VMEMOPT_WERROR)
  target_compile_options(vmo_options INTERFACE -Werror)
endif()
if(VMEMOPT_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "VMEMOPT_FUZZ needs clang, whose libFuzzer runs the targets: -DCMAKE_C_COMPILER=clang-19")
  endif()
  target_compile_options(vmo_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(VMEMOPT_SANITIZE)
  target_compile_options(vmo_options INTERFACE
    -fsanitize=${VMEMOPT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vmo_options INTERFACE -fsanitize=${VMEMOPT_SANITIZE})
endif()
