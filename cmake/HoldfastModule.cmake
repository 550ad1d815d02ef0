# holdfast_module(NAME DEPS ... [LIBRARIES ...] [EXCEPTIONS])
#
# Makes the static library holdfast_NAME of every *.cpp in the calling folder, and the test program
# NAME_test of every *_test.cpp beside it. DEPS are the only modules whose headers it may include
# (scripts/check_layers.py holds it to that). LIBRARIES are from outside, private to the module.
# Only modules that do I/O say EXCEPTIONS: everywhere else an exception is a crash, by intent.
function(holdfast_module name)
    cmake_parse_arguments(ARG "EXCEPTIONS" "" "DEPS;LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
    set(tests ${sources})
    list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

    set(target holdfast_${name})
    if(sources)
        add_library(${target} STATIC ${sources})
        set(scope PUBLIC)
        target_compile_options(${target} PRIVATE ${HOLDFAST_WARNINGS})
        if(NOT ARG_EXCEPTIONS)
            target_compile_options(${target} PRIVATE -fno-exceptions)
        endif()
        target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES})
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${target} ${scope} fmt::fmt)
    foreach(dep ${ARG_DEPS})
        target_link_libraries(${target} ${scope} holdfast_${dep})
    endforeach()

    if(HOLDFAST_TESTS AND tests)
        find_package(GTest REQUIRED)
        include(GoogleTest)
        add_executable(${name}_test ${tests})
        # Each file's own helpers may have the names of another's.
        set_target_properties(${name}_test PROPERTIES UNITY_BUILD OFF)
        target_compile_options(${name}_test PRIVATE ${HOLDFAST_WARNINGS})
        target_compile_definitions(${name}_test PRIVATE
            HOLDFAST_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
            HOLDFAST_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
        target_link_libraries(${name}_test PRIVATE ${target} ${ARG_LIBRARIES} GTest::gtest_main)
        gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                             PROPERTIES TIMEOUT 300)
    endif()
endfunction()
