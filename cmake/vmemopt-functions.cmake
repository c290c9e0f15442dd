# What find_package(vmemopt) offers to a build. Written for people who use vmemopt: the functions' heads are their manual.
include_guard(GLOBAL)

# A launcher of the compiler that is there already (ccache) stays behind ours, which finds the compiler behind it.
function(_vmemopt_set_launcher target language words)
  get_target_property(former ${target} ${language}_COMPILER_LAUNCHER)
  if(NOT former)
    set(former "")
  endif()
  set_property(TARGET ${target} PROPERTY ${language}_COMPILER_LAUNCHER ${words} ${former})
endfunction()

function(_vmemopt_check_compiler language)
  if(NOT CMAKE_${language}_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "vmemopt_optimize needs clang ${VMEMOPT_LLVM_VERSION}, and the ${language} compiler is "
      "${CMAKE_${language}_COMPILER_ID}: configure with -DCMAKE_${language}_COMPILER=clang-${VMEMOPT_LLVM_VERSION}, or "
      "leave the call out where if(VMEMOPT_CAN_OPTIMIZE) says no.")
  endif()
  if(NOT CMAKE_${language}_COMPILER_VERSION MATCHES "^${VMEMOPT_LLVM_VERSION}\\.")
    message(FATAL_ERROR "vmemopt_optimize needs clang ${VMEMOPT_LLVM_VERSION}, for which this vmemopt was built, and the "
      "${language} compiler is clang ${CMAKE_${language}_COMPILER_VERSION}.")
  endif()
endfunction()

# vmemopt_optimize(<target> [REPORT <file>] [MAX_STACK <bytes>] [MAX_FRAME <bytes>])
#
# Compiles the C and C++ sources of the target with vmemopt's pass, which moves heap objects to the stack where it can prove
# that nobody sees a difference. Needs clang of the right LLVM, and optimisation (-O1 or more: a Release build).
#
#   REPORT      after linking, what was done with each allocation site of the target: a table, or JSON when the name ends in
#               .json. A relative path is one in the build folder of this directory.
#   MAX_STACK   the largest object that moves, 1024 by default
#   MAX_FRAME   what such objects take in one function's frame, 4096 by default
#
# The sources are compiled anew when an option changes, or vmemopt itself.
function(vmemopt_optimize target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "REPORT;MAX_STACK;MAX_FRAME" "")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "vmemopt_optimize: there is no target ${target}")
  endif()
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "vmemopt_optimize(${target}): what is ${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}? "
      "It takes REPORT file, MAX_STACK bytes and MAX_FRAME bytes.")
  endif()
  if(NOT VMEMOPT_PASS)
    message(FATAL_ERROR "vmemopt_optimize(${target}): this vmemopt was built without LLVM and has no pass")
  endif()

  set(words "${VMEMOPT_TOOL}" cc)
  if(arg_MAX_STACK)
    list(APPEND words --max-stack=${arg_MAX_STACK})
  endif()
  if(arg_MAX_FRAME)
    list(APPEND words --max-frame=${arg_MAX_FRAME})
  endif()
  if(arg_REPORT)
    list(APPEND words --json)
  endif()
  list(APPEND words --)

  set(compiles FALSE)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  foreach(language C CXX)
    if(language IN_LIST languages)
      _vmemopt_check_compiler(${language})
      _vmemopt_set_launcher(${target} ${language} "${words}")
      set(compiles TRUE)
    endif()
  endforeach()
  if(NOT compiles)
    message(FATAL_ERROR "vmemopt_optimize(${target}): neither C nor C++ is a language of this project")
  endif()

  # Make does not compile anew when only a launcher changes; a file that holds its words is a dependency that does.
  set(stamp "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.vmemopt")
  file(CONFIGURE OUTPUT "${stamp}" CONTENT "${words}\n" @ONLY)
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  foreach(source IN LISTS sources)
    if(NOT source MATCHES "\\$<" AND source MATCHES "\\.(c|cc|cpp|cxx|C)$")
      set_property(SOURCE "${source}" DIRECTORY "${folder}" APPEND PROPERTY OBJECT_DEPENDS "${stamp}" "${VMEMOPT_PASS}")
    endif()
  endforeach()

  if(arg_REPORT)
    cmake_path(ABSOLUTE_PATH arg_REPORT BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
    set(form "")
    if(arg_REPORT MATCHES "\\.json$")
      set(form --json)
    endif()
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND "${VMEMOPT_TOOL}" report ${form} -o "${arg_REPORT}" "$<TARGET_OBJECTS:${target}>"
      COMMAND_EXPAND_LISTS VERBATIM)
  endif()
endfunction()

# vmemopt_add_plan(<target> <model.vmir> [HEADER <name>] [OPTIONS <option>...])
#
# Compiles a VMIR program to an object file with a C header (vmemopt compile), adds the object to the target, the header's
# folder to its include directories, and links the runtime. The header is <model>.h when HEADER names no other.
function(vmemopt_add_plan target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "HEADER" "OPTIONS")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "vmemopt_add_plan: there is no target ${target}")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "vmemopt_add_plan(${target}): what is ${arg_UNPARSED_ARGUMENTS}? It takes HEADER name and OPTIONS.")
  endif()
  if(NOT VMEMOPT_PASS)
    message(FATAL_ERROR "vmemopt_add_plan(${target}): this vmemopt was built without LLVM and makes no code")
  endif()
  cmake_path(ABSOLUTE_PATH model BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE path)
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "vmemopt_add_plan(${target}): there is no file ${path}")
  endif()
  cmake_path(GET model STEM name)
  if(NOT arg_HEADER)
    set(arg_HEADER ${name}.h)
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.vmemopt")
  set(object "${folder}/${name}${CMAKE_C_OUTPUT_EXTENSION}")
  set(header "${folder}/${arg_HEADER}")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(OUTPUT "${object}" "${header}"
    COMMAND "${VMEMOPT_TOOL}" compile ${arg_OPTIONS} "${path}" -o "${object}" --header "${header}" --depfile "${object}.d"
    DEPENDS "${path}" "${VMEMOPT_TOOL}" DEPFILE "${object}.d" COMMENT "Planning and compiling ${model}" VERBATIM)
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  target_sources(${target} PRIVATE "${object}" "${header}")
  target_include_directories(${target} PRIVATE "${folder}")
  target_link_libraries(${target} PRIVATE vmemopt::vmemrt m)
endfunction()
