# How a folder becomes targets. See wherry_folder() and wherry_test() below.
include(GoogleTest)

# The folders of src/ in dependency order. A folder with no CMakeLists.txt yet is left out of the build.
set(WHERRY_FOLDERS
  base model config wire/mysql contract guards journal ledger stores/memory stores/mysql stores/file objects engine control app)

# A dependency is the name of one of our folders (wire_mysql) or an imported target (fmt::fmt). Imported ones must exist, so that a
# misspelt name fails here and not at the link.
function(wherry_resolve_deps out)
  set(names ${WHERRY_FOLDERS})
  list(TRANSFORM names REPLACE "/" "_")
  set(targets "")
  foreach(dep IN LISTS ARGN)
    if(dep IN_LIST names)
      list(APPEND targets wherry_${dep})
    elseif(TARGET ${dep})
      list(APPEND targets ${dep})
    else()
      message(FATAL_ERROR "${CMAKE_CURRENT_LIST_DIR}: '${dep}' is neither a folder of src/ nor a known library")
    endif()
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# Collects binaries by label: `ninja tests_unit` builds what `ctest -L unit` runs, and nothing else.
# Folders that hand data between threads: their unit tests also carry the label threads, which is what runs under TSan. Tests in
# tests/ carry it when they name it.
set(WHERRY_THREADED_FOLDERS base journal engine)

foreach(label IN ITEMS unit threads contract scenario fault fuzz)
  add_custom_target(tests_${label})
endforeach()
function(wherry_add_to_label binary)
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${binary})
  endforeach()
endfunction()

# Each test of a gtest binary becomes an entry of ctest. Properties that are lists are set after the discovery, which would flatten them.
function(wherry_discover binary timeout labels)
  gtest_discover_tests(${binary} TEST_PREFIX "${binary}." TEST_LIST ${binary}_TESTS DISCOVERY_TIMEOUT 60
    EXTRA_ARGS ${ARGN} PROPERTIES TIMEOUT ${timeout})
  set(after ${CMAKE_CURRENT_BINARY_DIR}/${binary}_labels.cmake)
  file(WRITE ${after} "if(${binary}_TESTS)
  set_tests_properties(\${${binary}_TESTS} PROPERTIES LABELS \"${labels}\")
endif()
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${after})
endfunction()

# wherry_folder(<name> [DEPS ...] [PRIVATE_DEPS ...] [TEST_DEPS ...] [PROGRAM <binary>])
#
# Makes of the current folder:
#   wherry_<name> (alias wherry::<name>)  library of *.cc, without *_test.cc, *_fuzz.cc (and main.cc when PROGRAM is given)
#   <name>_test                           gtest binary of *_test.cc, label unit, linked with TEST_DEPS as well
#   <name>_<x>_fuzz                       libFuzzer binary of each x_fuzz.cc, in the fuzz preset only, label fuzz; seeds in x_fuzz_corpus/
#   <name>_<x>_fuzz_seeds                 in the other presets: the seeds and what is cut and bent from them, label unit
#   <binary>                              with PROGRAM: an executable of main.cc
# Nested folders join their names by _ (wire_mysql). DEPS are seen by users of the folder, PRIVATE_DEPS are not.
function(wherry_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROGRAM" "DEPS;PRIVATE_DEPS;TEST_DEPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "wherry_folder(${name}): unknown ${arg_UNPARSED_ARGUMENTS}")
  endif()
  wherry_resolve_deps(deps ${arg_DEPS})
  wherry_resolve_deps(private_deps ${arg_PRIVATE_DEPS})
  wherry_resolve_deps(test_deps ${arg_TEST_DEPS})

  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  if(arg_PROGRAM)
    list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  endif()

  if(sources)
    add_library(wherry_${name} STATIC ${sources})
    target_link_libraries(wherry_${name} PUBLIC wherry_options ${deps} PRIVATE ${private_deps})
  else()
    add_library(wherry_${name} INTERFACE)
    target_link_libraries(wherry_${name} INTERFACE wherry_options ${deps} ${private_deps})
  endif()
  add_library(wherry::${name} ALIAS wherry_${name})

  if(arg_PROGRAM AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
    add_executable(${arg_PROGRAM} main.cc)
    target_link_libraries(${arg_PROGRAM} PRIVATE wherry_${name} ${private_deps})
    set_target_properties(${arg_PROGRAM} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  endif()

  if(BUILD_TESTING AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE wherry_${name} ${private_deps} ${test_deps} GTest::gtest GTest::gmock_main)
    set(labels unit)
    if(name IN_LIST WHERRY_THREADED_FOLDERS)
      list(APPEND labels threads)
    endif()
    wherry_discover(${name}_test 120 "${labels}")
    wherry_add_to_label(${name}_test ${labels})
  endif()

  # Everywhere else the seeds, and what is cut and bent from them, go through the fuzz target as a unit test.
  if(BUILD_TESTING AND NOT WHERRY_FUZZ)
    foreach(source IN LISTS fuzzers)
      get_filename_component(stem ${source} NAME_WE)
      set(binary ${name}_${stem}_seeds)
      add_executable(${binary} ${source} ${PROJECT_SOURCE_DIR}/tests/support/fuzz_seeds.cc)
      target_link_libraries(${binary} PRIVATE wherry_${name} ${private_deps})
      add_test(NAME ${binary} COMMAND ${binary} ${CMAKE_CURRENT_SOURCE_DIR}/${stem}_corpus)
      set_tests_properties(${binary} PROPERTIES LABELS unit TIMEOUT 120)
      wherry_add_to_label(${binary} unit)
    endforeach()
  endif()

  if(WHERRY_FUZZ)
    foreach(source IN LISTS fuzzers)
      get_filename_component(stem ${source} NAME_WE)
      set(binary ${name}_${stem})
      set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/${stem}_corpus)
      add_executable(${binary} ${source})
      target_link_libraries(${binary} PRIVATE wherry_${name} ${private_deps})
      target_link_options(${binary} PRIVATE -fsanitize=fuzzer)
      # New inputs land in the build folder; the corpus in the source tree is only read.
      set(found ${CMAKE_CURRENT_BINARY_DIR}/${stem}_found)
      file(MAKE_DIRECTORY ${found})
      if(NOT EXISTS ${corpus})
        set(corpus "")
      endif()
      add_test(NAME ${binary}
        COMMAND sh -c "exec \"$0\" -max_total_time=\${WHERRY_FUZZ_SECONDS:-30} \"$@\"" $<TARGET_FILE:${binary}>
          -timeout=10 -rss_limit_mb=2048 -artifact_prefix=${found}/ ${found} ${corpus})
      set_tests_properties(${binary} PROPERTIES LABELS fuzz TIMEOUT 86400)
      wherry_add_to_label(${binary} fuzz)
    endforeach()
  endif()
endfunction()

# wherry_test(<name> LABELS ... SOURCES ... DEPS ... [WHOLE [PROCESSORS <n>]] [TIMEOUT <seconds>] [ARGS ...])
#
# A gtest binary of a folder of tests/. Each of its tests is one entry of ctest; with WHOLE the binary as a whole is one entry, for
# suites that start real servers once and share them. A soak (preset soak) gives each 30 times its TIMEOUT, a sanitizer 4 times.
function(wherry_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "WHOLE" "TIMEOUT;PROCESSORS" "LABELS;SOURCES;DEPS;ARGS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_LABELS OR NOT arg_SOURCES)
    message(FATAL_ERROR "wherry_test(${name}): LABELS and SOURCES are needed; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(WHERRY_SOAK)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 30")
  elseif(WHERRY_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  wherry_resolve_deps(deps ${arg_DEPS})

  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})  # "tests/support/x.h"
  target_link_libraries(${name} PRIVATE wherry_options ${deps} GTest::gtest GTest::gmock_main)
  if(arg_WHOLE)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
    if(arg_PROCESSORS)
      set_tests_properties(${name} PROPERTIES PROCESSORS ${arg_PROCESSORS})
    endif()
  else()
    wherry_discover(${name} ${arg_TIMEOUT} "${arg_LABELS}" ${arg_ARGS})
  endif()
  wherry_add_to_label(${name} ${arg_LABELS})
endfunction()
