#pragma once
// From errno to the one error type; the only place that knows the numbers. Thread-safe.

#include <string>
#include <string_view>

namespace wherry::stores::file {

enum class Side { reading, writing };

// "cannot open: Permission denied", with the path (printable) as context. Requires: errno is that
// of the failed call.
[[noreturn]] void throw_errno(Side side, const char* what, std::string_view path);
// The object is not what it was.
[[noreturn]] void throw_changed(std::string_view path);

}  // namespace wherry::stores::file
