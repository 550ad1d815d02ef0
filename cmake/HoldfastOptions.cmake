# Compiler, warnings, sanitizers: everything that holds for the whole house.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(HOLDFAST_TESTS "build the tests" ON)
option(HOLDFAST_WERROR "warnings are errors" ON)
option(HOLDFAST_BENCH "build the load program of bench/run" OFF)
option(HOLDFAST_FUZZ "build the libFuzzer targets (clang)" OFF)
set(HOLDFAST_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD AND NOT HOLDFAST_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_link_options(-fuse-ld=mold)
endif()

set(HOLDFAST_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
    -Wno-missing-field-initializers -Woverloaded-virtual -Wnon-virtual-dtor
    -Wmissing-declarations -Wextra-semi -Wswitch-enum)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND HOLDFAST_WARNINGS -Wduplicated-cond -Wlogical-op)
    if(CMAKE_UNITY_BUILD)  # every source is then an included file, and gcc takes it for a header
        list(APPEND HOLDFAST_WARNINGS -Wno-subobject-linkage)
    endif()
else()
    # std::stable_sort of libstdc++ 12 calls what it deprecates itself, which gcc keeps quiet about.
    list(APPEND HOLDFAST_WARNINGS -Wno-deprecated-declarations)
endif()
if(HOLDFAST_WERROR)
    list(APPEND HOLDFAST_WARNINGS -Werror)
endif()

if(HOLDFAST_FUZZ)
    # Every module tells the fuzzer which branches an input reached: else fuzzing is guessing.
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(HOLDFAST_SANITIZE)
    add_compile_options(-fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HOLDFAST_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_definitions(_GLIBCXX_ASSERTIONS)
    add_compile_options(-Og -g1)
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
