#pragma once
// How a program ended, in words. Pure.

#include <chrono>
#include <string>
#include <vector>

#include "base/process.h"

namespace wherry::guards {

// "" if it did what it had to, else how it ended: "exit code 3". `at_most` is the time it was
// given.
std::string failure(const base::ProgramEnd& end, std::chrono::milliseconds at_most);
// Those with anything on them, printable.
std::vector<std::string> printable_lines(const std::string& text);
// The last lines of what it said, on one line; printable.
std::string last_words(const base::ProgramEnd& end);

}  // namespace wherry::guards
