#include "app/progress.h"

#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/status_view.h"
#include "base/text.h"

namespace wherry::app {

namespace {

constexpr std::chrono::seconds line_pause{5};
constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";

// What makes a plain line worth printing at once.
std::string state_of(const nlohmann::json& status) {
  auto part = [&](const char* key) { return status.contains(key) ? status[key].dump() : ""; };
  return part("state") + part("paused") + part("running") + part("error");
}

}  // namespace

std::pair<std::size_t, std::size_t> terminal_size() {
  winsize size{};
  const int done =
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (done != 0 || size.ws_col == 0 || size.ws_row == 0) return {80, 24};
  return {size.ws_col, size.ws_row};
}

Progress::Progress(std::ostream& out, ProgressOptions options)
    : out_(out), options_(std::move(options)) {
  if (!options_.size) options_.size = terminal_size;
}

Progress::~Progress() { finish(); }

void Progress::show(const nlohmann::json& status) {
  if (options_.terminal) {
    draw(status);
    return;
  }
  const auto now = options_.now();
  std::string state = state_of(status);
  if (state == last_state_ && now - last_line_at_ < line_pause) return;
  last_state_ = std::move(state);
  last_line_at_ = now;
  out_ << base::utc_text(std::chrono::system_clock::now()) << " " << status_line(status) << "\n";
  out_.flush();
}

void Progress::draw(const nlohmann::json& status) {
  const auto [width, height] = options_.size();
  View view;
  // The last column stays free: some terminals wrap after it. The last row holds the cursor.
  view.width = width > 1 ? width - 1 : 1;
  view.height = height > 1 ? height - 1 : 1;
  view.color = options_.color;
  const std::vector<std::string> lines = status_lines(status, view);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  erase();
  if (!cursor_hidden_) out_ << hide_cursor;
  cursor_hidden_ = true;
  out_ << text;
  out_.flush();
  drawn_ = std::move(text);
  drawn_lines_ = lines.size();
}

void Progress::erase() {
  if (drawn_lines_ > 0) out_ << fmt::format("\x1b[{}F\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
}

void Progress::note(std::string_view line) {
  const std::string below = drawn_;
  const std::size_t lines = drawn_lines_;
  erase();
  out_ << line << "\n" << below;
  out_.flush();
  drawn_lines_ = lines;
}

void Progress::finish() {
  if (cursor_hidden_) out_ << show_cursor;
  cursor_hidden_ = false;
  drawn_.clear();
  drawn_lines_ = 0;
  out_.flush();
}

}  // namespace wherry::app
