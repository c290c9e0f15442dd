# vmo_add_objects(<folder> <file>...): the object library vmo_<folder> of a folder's C files. libvmemopt, the tool and the
# unit tests are linked from these. A folder's CMakeLists.txt is this one call.
function(vmo_add_objects folder)
  add_library(vmo_${folder} OBJECT ${ARGN})
  target_link_libraries(vmo_${folder} PRIVATE vmo_options vmo::cjson)
endfunction()

# vmo_set_library_properties(<target>): what the two shared libraries have in common: one version, a SONAME, no symbol
# left open, and at run time the other library is looked for beside this one.
function(vmo_set_library_properties target)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:vmo_options>)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} INSTALL_RPATH "$ORIGIN")
  if(NOT VMEMOPT_SANITIZE) # clang leaves the sanitizers' own symbols to the executable
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
