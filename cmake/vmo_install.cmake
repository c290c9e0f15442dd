# cmake --install: the two libraries with their headers, the tool, the CMake package `vmemopt`, the pkg-config files, the
# documents, the JSON Schema and the corpus.
include(CMakePackageConfigHelpers)

install(TARGETS vmemrt vmemopt EXPORT vmemopt-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS vmemrt-static EXPORT vmemopt-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT vmemopt-targets NAMESPACE vmemopt:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vmemopt)
install(FILES include/vmemopt.h include/vmemrt.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/vmemrt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# The tool finds the libraries from where it stands, so an installed tree can be moved as a whole.
file(RELATIVE_PATH VMO_BIN_TO_LIB "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
set_target_properties(vmemopt-cli PROPERTIES INSTALL_RPATH "$ORIGIN/${VMO_BIN_TO_LIB}")
set_target_properties(vmemopt-cli PROPERTIES EXPORT_NAME tool)
install(TARGETS vmemopt-cli EXPORT vmemopt-targets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET vmemopt-llvm)
  install(TARGETS vmemopt-llvm LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
set(VMO_PASS_LLVM "") # which LLVM the pass is for; none: there is no pass
if(TARGET vmemopt-pass)
  set(VMO_PASS_LLVM ${LLVM_VERSION_MAJOR})
  install(TARGETS vmemopt-pass LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

configure_package_config_file(cmake/vmemopt-config.cmake.in "${CMAKE_BINARY_DIR}/vmemopt-config.cmake"
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vmemopt
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/vmemopt-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES cmake/vmemopt-functions.cmake "${CMAKE_BINARY_DIR}/vmemopt-config.cmake" "${CMAKE_BINARY_DIR}/vmemopt-config-version.cmake"
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/vmemopt)

file(RELATIVE_PATH VMO_PC_TO_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
foreach(name vmemrt vmemopt)
  configure_file(cmake/${name}.pc.in "${CMAKE_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/${name}.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES docs/report.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/vmemopt)
install(DIRECTORY corpus DESTINATION ${CMAKE_INSTALL_DATADIR}/vmemopt)
