#include "app/cutover_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace wherry::app {

namespace {

std::string text(const nlohmann::json& object, const char* name) {
  return object.at(name).get<std::string>();
}

}  // namespace

std::vector<std::string> check_lines(const nlohmann::json& checks) {
  std::vector<std::string> lines;
  for (const auto& check : checks) {
    lines.push_back(fmt::format("{:<4} {:<22} {}", check.at("holds").get<bool>() ? "ok" : "NOT",
                                text(check, "what"), text(check, "detail")));
  }
  return lines;
}

std::string step_line(const nlohmann::json& step) {
  auto line =
      fmt::format("{:8.3f} s  {:<34} {:<7} {:.3f} s", step.at("began").get<double>(),
                  text(step, "what"), text(step, "state"), step.at("seconds").get<double>());
  if (const auto detail = text(step, "detail"); !detail.empty()) line += "  " + detail;
  return line;
}

std::vector<std::string> certificate_lines(const nlohmann::json& certificate) {
  const auto line = [](const char* what, const std::string& value) {
    return fmt::format("  {:<22} {}", what, value);
  };
  const auto count = [&](const char* name) {
    return fmt::format("{}", certificate.at(name).get<std::uint64_t>());
  };
  return {fmt::format("certificate: {} of {}", text(certificate, "direction"),
                      text(certificate, "migration")),
          line("at", text(certificate, "at")),
          line("writable now", text(certificate, "writable")),
          line("nobody could write for",
               fmt::format("{:.3f} s", certificate.at("downtime_seconds").get<double>())),
          line("rows proved equal", count("rows_proved") + " in " + count("tables") + " tables"),
          line("keys looked at again", count("keys_proved_again")),
          line("final position", text(certificate, "final_position")),
          line("way back from", text(certificate, "followed_from"))};
}

}  // namespace wherry::app
