# Compiler, linker and warnings: what every target of ours is built with.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
# Asserts stay in every build: a bug must stop a migration, not continue it. -g1 keeps backtraces and small objects.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

set(WHERRY_SANITIZE "" CACHE STRING "Sanitizers of the whole build: empty, address or thread")
set_property(CACHE WHERRY_SANITIZE PROPERTY STRINGS "" address thread)
option(WHERRY_FUZZ "Build the *_fuzz.cc targets with libFuzzer (needs clang)" OFF)
option(WHERRY_SOAK "Long test runs: tests see WHERRY_SOAK=1 and get longer time limits" OFF)
option(WHERRY_WERROR "Warnings are errors" ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# The same source gives the same objects wherever it is checked out.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)

add_library(wherry_options INTERFACE)
target_include_directories(wherry_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(wherry_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual)
# What a sanitizer adds to the code makes g++ warn of code that nobody wrote.
if(WHERRY_WERROR AND NOT WHERRY_SANITIZE)
  target_compile_options(wherry_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # g++ 12 reports these falsely inside libstdc++ strings and vectors when it inlines at -O2.
  target_compile_options(wherry_options INTERFACE
    -Wno-error=restrict -Wno-error=stringop-overflow -Wno-error=array-bounds -Wno-error=maybe-uninitialized
    -Wno-error=stringop-overread)
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
target_link_libraries(wherry_options INTERFACE Threads::Threads)

# Sanitizers apply to everything compiled here, so that no object is left uninstrumented.
if(WHERRY_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(WHERRY_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio's fences; our own code uses none
  endif()
elseif(WHERRY_SANITIZE)
  message(FATAL_ERROR "WHERRY_SANITIZE must be empty, address or thread, not '${WHERRY_SANITIZE}'")
endif()

if(WHERRY_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "WHERRY_FUZZ needs clang (preset fuzz)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
