#include "app/status_view.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/output.h"
#include "base/text.h"

namespace wherry::app {

namespace {

using nlohmann::json;

const json& member(const json& object, std::string_view key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string text_of(const json& object, std::string_view key) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<double> number_of(const json& object, std::string_view key) {
  const json& value = member(object, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::uint64_t count_of(const json& object, std::string_view key) {
  const double value = number_of(object, key).value_or(0);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

bool flag_of(const json& object, std::string_view key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

// Unknown is not none.
std::string dirty_text(const json& object) {
  if (!number_of(object, "dirty_keys")) return "keys dirty unknown";
  return base::human_count(count_of(object, "dirty_keys")) + " keys dirty";
}

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  return base::human_duration(
      std::chrono::milliseconds(static_cast<std::int64_t>(std::round(seconds)) * 1000));
}

// Never rounded up: 100 % is said when all is done, not before.
std::optional<unsigned> percent(std::uint64_t done, std::uint64_t all) {
  if (all == 0) return std::nullopt;
  const double share = static_cast<double>(done) / static_cast<double>(all) * 100;
  return static_cast<unsigned>(std::min(std::floor(share), 100.0));
}

// While chunks are still being planned their number says nothing; rows do, though only about.
std::optional<unsigned> copied_percent(const json& status) {
  const json& copy = member(status, "copy");
  const std::uint64_t rows = count_of(copy, "rows_estimate");
  if (text_of(status, "state") != "copying" || rows == 0) {
    return percent(count_of(copy, "chunks_done"), count_of(copy, "chunks"));
  }
  return std::min(percent(count_of(copy, "rows"), rows).value_or(0), 99U);
}

std::string percent_text(std::optional<unsigned> value) {
  return value ? fmt::format("{} %", *value) : "-";
}

std::string rows_text(const json& part) {
  const std::uint64_t estimate = count_of(part, "rows_estimate");
  const std::uint64_t rows = count_of(part, "rows");
  if (estimate == 0) return base::human_count(rows);
  // An estimate that was passed is no bound.
  return fmt::format("{} of {}{}", base::human_count(rows), rows <= estimate ? "~" : "",
                     base::human_count(std::max(rows, estimate)));
}

std::string bar(std::optional<unsigned> value, std::size_t cells) {
  const std::size_t full = value ? cells * *value / 100 : 0;
  std::string text;
  for (std::size_t i = 0; i < cells; ++i) text += i < full ? "█" : "░";
  return text;
}

Color color_of_state(const std::string& state) {
  if (state == "following" || state == "finished" || state == "switched") return Color::green;
  return Color::cyan;
}

std::string state_text(const json& status) {
  std::string text = text_of(status, "state");
  if (text.empty()) text = "unknown";
  if (text_of(status, "active") == "target") text += ", the target is written to";
  if (flag_of(status, "paused")) text += ", paused";
  if (member(status, "running") == false) text += ", not running";
  return text;
}

class StatusView {
 public:
  StatusView(const json& status, const View& view) : status_(status), view_(view) {}

  std::vector<std::string> lines() {
    add_head();
    add_copy();
    add_follow();
    add_proof();
    // What went wrong is worth more than a table's line, so it is made first and placed last.
    std::vector<std::string> end = bad_news();
    const std::size_t taken = lines_.size() + end.size();
    add_tables(view_.height == 0 ? SIZE_MAX : view_.height > taken ? view_.height - taken : 0);
    lines_.insert(lines_.end(), end.begin(), end.end());
    if (view_.height != 0 && lines_.size() > view_.height) lines_.resize(view_.height);
    for (std::string& line : lines_) line = fit(line, view_.width);
    return std::move(lines_);
  }

 private:
  std::string color(Color color, std::string_view text) const {
    return colored(color, text, view_.color);
  }

  void add_head() {
    const std::string state = state_text(status_);
    const Color state_color = flag_of(status_, "paused") || member(status_, "running") == false
                                  ? Color::yellow
                                  : color_of_state(text_of(status_, "state"));
    std::string line = fmt::format("{}  {}", color(Color::bold, text_of(status_, "migration")),
                                   color(state_color, state));
    const std::string source = text_of(status_, "source");
    const std::string target = text_of(status_, "target");
    if (!source.empty() && !target.empty()) line += fmt::format("  {} → {}", source, target);
    const std::string since = text_of(status_, "since");
    if (!since.empty()) line += color(Color::dim, "  since " + since);
    lines_.push_back(std::move(line));
  }

  std::size_t bar_cells() const { return view_.width >= 100 ? 20 : view_.width >= 60 ? 10 : 0; }

  std::string labelled(std::string_view label, std::optional<unsigned> share) const {
    std::string line = fmt::format("  {:<8}", label);
    if (bar_cells() > 0) line += bar(share, bar_cells()) + " ";
    return line + fmt::format("{:>5}", percent_text(share));
  }

  void add_copy() {
    const json& copy = member(status_, "copy");
    if (!copy.is_object()) return;
    std::string line = labelled("copy", copied_percent(status_));
    line += fmt::format("  {} rows", rows_text(copy));
    line += "  " + base::human_bytes(count_of(copy, "bytes"));
    if (const auto rate = number_of(copy, "rows_per_second"); rate && *rate > 0) {
      line += fmt::format("  {}/s  {}/s", base::human_count(count_of(copy, "rows_per_second")),
                          base::human_bytes(count_of(copy, "bytes_per_second")));
    }
    if (const auto eta = number_of(copy, "eta_seconds")) {
      line += fmt::format("  {} left", duration_text(*eta));
    }
    if (flag_of(copy, "yielding")) line += color(Color::yellow, "  yielding");
    if (flag_of(copy, "backing_off")) line += color(Color::yellow, "  backing off");
    lines_.push_back(std::move(line));
  }

  void add_follow() {
    const json& follow = member(status_, "follow");
    if (!follow.is_object()) return;
    std::string line = fmt::format("  {:<8}", "follow");
    const auto lag = number_of(follow, "lag_seconds");
    constexpr double much_lag = 60;
    const std::string lag_text = lag ? "lag " + duration_text(*lag) : "lag -";
    line += color(lag && *lag > much_lag ? Color::yellow : Color::none, lag_text);
    line += fmt::format("  {} changes in {} transactions",
                        base::human_count(count_of(follow, "changes")),
                        base::human_count(count_of(follow, "transactions")));
    if (const auto rate = number_of(follow, "changes_per_second"); rate && *rate > 0) {
      line += fmt::format("  {}/s", base::human_count(count_of(follow, "changes_per_second")));
    }
    const std::string position = text_of(follow, "position");
    if (!position.empty()) line += color(Color::dim, "  at " + position);
    lines_.push_back(std::move(line));
  }

  void add_proof() {
    const json& proof = member(status_, "proof");
    if (!proof.is_object()) return;
    const std::uint64_t chunks = count_of(proof, "chunks");
    std::string line = labelled("proof", percent(count_of(proof, "chunks_proved"), chunks));
    line +=
        flag_of(proof, "all_proved")
            ? "  " + color(Color::green, "all proved")
            : fmt::format("  {} of {} chunks", base::human_count(count_of(proof, "chunks_proved")),
                          base::human_count(chunks));
    line += "  " + dirty_text(proof);
    const std::uint64_t differences = count_of(proof, "differences");
    const std::string text =
        fmt::format("{} difference{}", base::human_count(differences), differences == 1 ? "" : "s");
    line += "  " + color(differences > 0 ? Color::red : Color::none, text);
    const std::string oldest = text_of(proof, "oldest");
    if (!oldest.empty()) line += color(Color::dim, "  oldest " + oldest);
    lines_.push_back(std::move(line));
  }

  static bool is_active(const json& table) {
    if (count_of(table, "differences") > 0) return true;
    const std::string state = text_of(table, "state");
    constexpr std::array<std::string_view, 3> calm{"waiting", "copied", "proved"};
    return std::find(calm.begin(), calm.end(), state) == calm.end();
  }

  void add_tables(std::size_t room) {
    const json& tables = member(status_, "tables");
    if (!tables.is_array() || tables.empty()) return;
    std::vector<const json*> shown;
    for (const json& table : tables) {
      if (view_.all_tables || is_active(table)) shown.push_back(&table);
    }
    // A heading with a blank line before it, and the line that counts the rest.
    constexpr std::size_t frame = 3;
    if (shown.empty() || room < frame + 1) return;
    const std::size_t fits = std::min(shown.size(), room == SIZE_MAX ? SIZE_MAX : room - frame);
    std::size_t name_width = 5;
    for (std::size_t i = 0; i < fits; ++i) {
      name_width = std::max(name_width, display_width(name_of(*shown[i])));
    }
    name_width = std::min(name_width, std::max<std::size_t>(view_.width / 2, 12));
    lines_.emplace_back();
    lines_.push_back(
        color(Color::dim, "  " + padded("table", name_width) +
                              fmt::format("  {:<10} {:>6} {:>7} {:>8} {:>6}  {}", "state", "copied",
                                          "proved", "dirty", "differ", "rows")));
    for (std::size_t i = 0; i < fits; ++i) lines_.push_back(table_line(*shown[i], name_width));
    if (tables.size() > fits) {
      lines_.push_back(color(Color::dim, fmt::format("  and {} more, {} in all",
                                                     base::human_count(tables.size() - fits),
                                                     base::human_count(tables.size()))));
    }
  }

  static std::string name_of(const json& table) {
    const std::string name = text_of(table, "name");
    const std::string target = text_of(table, "target");
    return target.empty() || target == name ? name : name + " → " + target;
  }

  static std::string padded(std::string_view text, std::size_t width) {
    std::string out = fit(text, width);
    out.append(width - std::min(width, display_width(out)), ' ');
    return out;
  }

  std::string table_line(const json& table, std::size_t name_width) const {
    const std::uint64_t chunks = count_of(table, "chunks");
    const std::uint64_t differences = count_of(table, "differences");
    return fmt::format("  {}  {} {:>6} {:>7} {:>8} {}  {}", padded(name_of(table), name_width),
                       padded(text_of(table, "state"), 10),
                       percent_text(percent(count_of(table, "chunks_done"), chunks)),
                       percent_text(percent(count_of(table, "chunks_proved"), chunks)),
                       base::human_count(count_of(table, "dirty_keys")),
                       color(differences > 0 ? Color::red : Color::none,
                             fmt::format("{:>6}", base::human_count(differences))),
                       rows_text(table));
  }

  std::vector<std::string> bad_news() const {
    std::vector<std::string> out;
    std::vector<model::Finding> findings;
    const json& list = member(status_, "findings");
    if (list.is_array()) {
      for (const json& f : list) {
        const std::string severity = text_of(f, "severity");
        if (severity == "note" && !view_.notes) continue;
        findings.push_back({severity == "blocker"   ? model::Severity::blocker
                            : severity == "warning" ? model::Severity::warning
                                                    : model::Severity::note,
                            text_of(f, "code"), text_of(f, "subject"), text_of(f, "why"),
                            text_of(f, "what_to_do")});
      }
    }
    if (!findings.empty()) {
      std::vector<std::string> lines = finding_lines(std::move(findings), view_.color);
      const std::size_t most =
          view_.height == 0 ? SIZE_MAX : std::max<std::size_t>(view_.height / 3, 2);
      out.emplace_back();
      const std::size_t left = lines.size() > most ? lines.size() - most : 0;
      lines.resize(lines.size() - left);
      for (const std::string& line : lines) out.push_back("  " + line);
      if (left > 0) out.push_back(color(Color::dim, "  more findings: wherry report"));
    }
    const json& error = member(status_, "error");
    if (error.is_object()) {
      out.emplace_back();
      out.push_back(fmt::format("  {} {} [{}]", color(Color::red, "error:"),
                                text_of(error, "message"), text_of(error, "code")));
    }
    return out;
  }

  const json& status_;
  const View& view_;
  std::vector<std::string> lines_;
};

// Characters that East Asian terminals show two columns wide, and those that take none.
std::size_t character_width(char32_t c) {
  if (c >= 0x300 && c <= 0x36f) return 0;
  if (c == 0x200b || c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
  constexpr std::array<std::pair<char32_t, char32_t>, 9> wide{{{0x1100, 0x115f},
                                                               {0x2e80, 0x303e},
                                                               {0x3041, 0xa4cf},
                                                               {0xac00, 0xd7a3},
                                                               {0xf900, 0xfaff},
                                                               {0xfe30, 0xfe6f},
                                                               {0xff00, 0xff60},
                                                               {0x1f300, 0x1faff},
                                                               {0x20000, 0x3fffd}}};
  for (const auto& [low, high] : wide) {
    if (c >= low && c <= high) return 2;
  }
  return 1;
}

// Calls `each(bytes, columns)` for every character and every colour escape (which has none).
template <typename F>
void for_each_character(std::string_view text, F each) {
  while (!text.empty()) {
    std::size_t length = 1;
    std::size_t width = 1;
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead == 0x1b) {
      const std::size_t end = text.find('m');
      length = end == std::string_view::npos ? text.size() : end + 1;
      width = 0;
    } else if (lead >= 0xc0) {
      length = std::min<std::size_t>(lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2, text.size());
      char32_t point = lead & (0xffU >> (length + 1));
      for (std::size_t i = 1; i < length; ++i) {
        point = (point << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
      }
      width = character_width(point);
    }
    if (!each(text.substr(0, length), width)) return;
    text.remove_prefix(length);
  }
}

}  // namespace

std::vector<std::string> status_lines(const json& status, const View& view) {
  return StatusView(status, view).lines();
}

std::string status_line(const json& status) {
  std::string line = state_text(status);
  const json& copy = member(status, "copy");
  if (copy.is_object()) {
    line += fmt::format(" | copied {} ({} rows, {})", percent_text(copied_percent(status)),
                        rows_text(copy), base::human_bytes(count_of(copy, "bytes")));
    if (const auto rate = number_of(copy, "rows_per_second"); rate && *rate > 0) {
      line += fmt::format(" {} rows/s {}/s", base::human_count(count_of(copy, "rows_per_second")),
                          base::human_bytes(count_of(copy, "bytes_per_second")));
    }
    if (const auto eta = number_of(copy, "eta_seconds")) {
      line += fmt::format(" {} left", duration_text(*eta));
    }
  }
  const json& follow = member(status, "follow");
  if (const auto lag = number_of(follow, "lag_seconds")) line += " | lag " + duration_text(*lag);
  const json& proof = member(status, "proof");
  if (proof.is_object()) {
    line += fmt::format(
        " | proved {}, {}, {} differences",
        percent_text(percent(count_of(proof, "chunks_proved"), count_of(proof, "chunks"))),
        dirty_text(proof), base::human_count(count_of(proof, "differences")));
  }
  const json& findings = member(status, "findings");
  const auto grave = !findings.is_array()
                         ? 0
                         : std::count_if(findings.begin(), findings.end(), [](const json& finding) {
                             return text_of(finding, "severity") != "note";
                           });
  if (grave > 0) line += fmt::format(" | {} finding{}", grave, grave == 1 ? "" : "s");
  const json& error = member(status, "error");
  if (error.is_object()) {
    line += fmt::format(" | error: {} [{}]", text_of(error, "message"), text_of(error, "code"));
  }
  return line;
}

std::size_t display_width(std::string_view text) {
  std::size_t total = 0;
  for_each_character(text, [&](std::string_view, std::size_t width) {
    total += width;
    return true;
  });
  return total;
}

std::string fit(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 0;
  bool has_color = false;
  for_each_character(text, [&](std::string_view bytes, std::size_t columns) {
    if (used + columns > width - 1) return false;
    if (bytes[0] == '\x1b') has_color = true;
    out += bytes;
    used += columns;
    return true;
  });
  out += "…";
  if (has_color) out += "\x1b[0m";
  return out;
}

}  // namespace wherry::app
