#pragma once
// What is told of a switch from one side to the other while it runs and when it has ended. Values,
// but for SwitchLog, which is thread-safe.

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wherry::engine {

enum class SwitchDirection { cutover, rollback };
std::string_view to_string(SwitchDirection direction);

struct SwitchOptions {
  // From the first guard that goes up on the side that is written to until the other side is open;
  // beyond it all is undone.
  std::chrono::milliseconds max_downtime = std::chrono::seconds(10);
  // How long those who are connected may go on before they are disconnected; part of that time.
  std::chrono::milliseconds patience = std::chrono::seconds(1);
};

// Something that must hold before anything is done.
struct SwitchCheck {
  std::string what;
  bool holds = false;
  std::string detail;
};

struct SwitchStep {
  std::string what;
  std::string detail;
  std::string state;  // "running", "done", "failed", "undone"
  double began = 0;   // seconds since the switch began
  double seconds = 0;
};

struct SwitchView {
  std::string direction;  // empty: none was asked for in this process
  bool running = false;
  std::vector<SwitchStep> steps;
  std::optional<std::string> error_code;
  std::optional<std::string> error_message;
  nlohmann::json certificate;  // null unless it has succeeded
};

void to_json(nlohmann::json& j, const SwitchCheck& check);
void to_json(nlohmann::json& j, const SwitchStep& step);
void to_json(nlohmann::json& j, const SwitchView& view);

class SwitchLog {
 public:
  void start(SwitchDirection direction);
  // The step before it is done.
  void step(const std::string& what);
  void detail(const std::string& detail);  // of the step that runs
  void undoing(const base::Error& why);    // the step that runs has failed
  void succeed(const nlohmann::json& certificate);
  void fail(const base::Error& why);
  SwitchView view() const;
  bool running() const;

 private:
  void end_step(const char* state);
  double now() const;

  mutable std::mutex mutex_;
  SwitchView view_;
  std::chrono::steady_clock::time_point started_{};
};

}  // namespace wherry::engine
