// Which Holdfast this is, as every command prints it.
#pragma once

namespace holdfast::app {

inline constexpr const char* version_line = "holdfast 0.1.0";

}  // namespace holdfast::app
