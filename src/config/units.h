#pragma once
// Sizes, rates and durations as people write them. Pure functions; nothing if the text is not of
// that form. A unit is needed: "50 MB/s", "512 MiB", "30 s". MB is 10^6, MiB 2^20.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/units.h"

namespace wherry::config {

inline constexpr std::string_view size_form = "a size such as 512 MiB or 2 GB";
inline constexpr std::string_view rate_form = "a rate such as 50 MB/s, or unlimited";
inline constexpr std::string_view duration_form =
    "a duration such as 500 ms, 30 s, 5 min, 2 h or 7 d";

std::optional<std::uint64_t> parse_whole(std::string_view text);
std::optional<base::Bytes> parse_size(std::string_view text);
std::optional<base::Bytes> parse_rate(std::string_view text);  // bytes per second
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace wherry::config
