# The two commands of Slicer's build that this extension calls, with the same arguments and the same files in the same
# places (Slicer 5.12: SlicerMacroBuildScriptedModule.cmake, SlicerMacroPythonTesting.cmake; CTK:
# ctkMacroCompilePythonScript.cmake). Left out: compiling to .pyc, Slicer's generic tests, launching Slicer.
include(CTest)

file(WRITE "${CMAKE_BINARY_DIR}/manifest.txt" "")

function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MODULE_UNPARSED_ARGUMENTS OR NOT MODULE_NAME)
    message(FATAL_ERROR "slicerMacroBuildScriptedModule does not understand: ${ARGN}")
  endif()

  set(destination "${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}")
  set(copies "")
  foreach(file ${MODULE_SCRIPTS} ${MODULE_RESOURCES})
    set(source "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    if(NOT EXISTS "${source}")
      message(FATAL_ERROR "slicerMacroBuildScriptedModule(${MODULE_NAME}) given nonexistent file '${file}'")
    endif()
    file(RELATIVE_PATH listed "${CMAKE_SOURCE_DIR}" "${source}")
    file(APPEND "${CMAKE_BINARY_DIR}/manifest.txt" "${listed}\n")
    add_custom_command(
      OUTPUT "${destination}/${file}"
      DEPENDS "${source}"
      COMMAND "${CMAKE_COMMAND}" -E copy "${source}" "${destination}/${file}")
    list(APPEND copies "${destination}/${file}")
  endforeach()

  add_custom_target(${MODULE_NAME} ALL DEPENDS ${copies})
  install(DIRECTORY "${destination}/" DESTINATION "${Slicer_QTSCRIPTEDMODULES_LIB_DIR}")
endfunction()

function(slicer_add_python_unittest)
  cmake_parse_arguments(TEST "" "SCRIPT;TESTNAME_PREFIX" "SLICER_ARGS" ${ARGN})
  if(NOT IS_ABSOLUTE "${TEST_SCRIPT}")
    set(TEST_SCRIPT "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT}")
  endif()
  if(NOT EXISTS "${TEST_SCRIPT}")
    message(FATAL_ERROR "slicer_add_python_unittest given nonexistent script '${TEST_SCRIPT}'")
  endif()
  get_filename_component(name "${TEST_SCRIPT}" NAME_WE)
  add_test(NAME py_${TEST_TESTNAME_PREFIX}${name} COMMAND "${CMAKE_COMMAND}" -E false)
endfunction()
