#include "engine/switch_view.h"

namespace wherry::engine {

std::string_view to_string(SwitchDirection direction) {
  return direction == SwitchDirection::cutover ? "cutover" : "rollback";
}

void to_json(nlohmann::json& j, const SwitchCheck& check) {
  j = {{"what", check.what}, {"holds", check.holds}, {"detail", check.detail}};
}

void to_json(nlohmann::json& j, const SwitchStep& step) {
  j = {{"what", step.what},
       {"detail", step.detail},
       {"state", step.state},
       {"began", step.began},
       {"seconds", step.seconds}};
}

void to_json(nlohmann::json& j, const SwitchView& view) {
  j = {{"direction", view.direction},
       {"running", view.running},
       {"steps", view.steps},
       {"error", nullptr},
       {"certificate", view.certificate}};
  if (view.error_code) {
    j["error"] = {{"code", *view.error_code}, {"message", view.error_message.value_or("")}};
  }
}

double SwitchLog::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void SwitchLog::end_step(const char* state) {
  if (view_.steps.empty() || view_.steps.back().state != "running") return;
  auto& last = view_.steps.back();
  last.state = state;
  last.seconds = now() - last.began;
}

void SwitchLog::start(SwitchDirection direction) {
  const std::lock_guard lock(mutex_);
  view_ = {};
  view_.direction = to_string(direction);
  view_.running = true;
  started_ = std::chrono::steady_clock::now();
}

void SwitchLog::step(const std::string& what) {
  const std::lock_guard lock(mutex_);
  end_step("done");
  view_.steps.push_back({what, "", "running", now(), 0});
}

void SwitchLog::detail(const std::string& detail) {
  const std::lock_guard lock(mutex_);
  if (!view_.steps.empty()) view_.steps.back().detail = detail;
}

void SwitchLog::undoing(const base::Error& why) {
  const std::lock_guard lock(mutex_);
  if (!view_.steps.empty()) view_.steps.back().detail = why.what();
  end_step("failed");
}

void SwitchLog::succeed(const nlohmann::json& certificate) {
  const std::lock_guard lock(mutex_);
  end_step("done");
  view_.certificate = certificate;
  view_.running = false;
}

void SwitchLog::fail(const base::Error& why) {
  const std::lock_guard lock(mutex_);
  end_step("done");
  view_.error_code = why.code();
  view_.error_message = why.what();
  view_.running = false;
}

SwitchView SwitchLog::view() const {
  const std::lock_guard lock(mutex_);
  SwitchView view = view_;
  if (view.running && !view.steps.empty() && view.steps.back().state == "running") {
    view.steps.back().seconds = now() - view.steps.back().began;
  }
  return view;
}

bool SwitchLog::running() const {
  const std::lock_guard lock(mutex_);
  return view_.running;
}

}  // namespace wherry::engine
