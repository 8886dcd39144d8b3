#pragma once
// Text for people: names and bytes that need not be UTF-8, sizes, rates, durations. Pure functions.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::base {

// UTF-8 without control characters is kept as it is, but `\` becomes `\\`; every byte of anything
// else becomes
// `\xHH`. Reversible by unprintable().
std::string printable(std::string_view bytes);
std::optional<std::string> unprintable(std::string_view text);

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

std::string human_bytes(std::uint64_t bytes);  // "1.4 GiB"
std::string human_count(std::uint64_t n);      // "12,345,678"
std::string human_duration(
    std::chrono::milliseconds d);  // "850 ms", "42 s", "3 min 5 s", "2 h 10 min"

// UTC, "2024-05-01T12:34:56.789Z".
std::string utc_text(std::chrono::system_clock::time_point t);

}  // namespace wherry::base
