#pragma once
// Shows a migration's progress while it runs. On a terminal a view that is redrawn in place; else
// one line every five seconds and at each change of state. The terminal is left as it was when it
// ends, also when an exception passes. Thread-safety: one thread.

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>

namespace wherry::app {

struct ProgressOptions {
  bool terminal = false;
  bool color = false;
  // Columns and rows now; asked at each drawing, so that a resized window is followed.
  std::function<std::pair<std::size_t, std::size_t>()> size;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

// The size of the terminal on standard output, 80 × 24 if it has none.
std::pair<std::size_t, std::size_t> terminal_size();

class Progress {
 public:
  Progress(std::ostream& out, ProgressOptions options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Call it as often as there is something new, twice a second is good.
  void show(const nlohmann::json& status);
  // A line that stays, above the view.
  void note(std::string_view line);
  // The last view stays; what follows is printed below it.
  void finish();

 private:
  void erase();
  void draw(const nlohmann::json& status);

  std::ostream& out_;
  ProgressOptions options_;
  std::string drawn_;  // the view as it stands, to redraw it below a note
  std::size_t drawn_lines_ = 0;
  bool cursor_hidden_ = false;
  std::string last_state_;
  std::chrono::steady_clock::time_point last_line_at_{};
};

}  // namespace wherry::app
