#include "app/output.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "control/error_document.h"

namespace wherry::app {

namespace {

std::string_view escape_of(Color color) {
  switch (color) {
    case Color::none:
      return "";
    case Color::red:
      return "\x1b[31m";
    case Color::yellow:
      return "\x1b[33m";
    case Color::green:
      return "\x1b[32m";
    case Color::cyan:
      return "\x1b[36m";
    case Color::bold:
      return "\x1b[1m";
    case Color::dim:
      return "\x1b[2m";
  }
  return "";
}

Color color_of(model::Severity severity) {
  switch (severity) {
    case model::Severity::note:
      return Color::cyan;
    case model::Severity::warning:
      return Color::yellow;
    case model::Severity::blocker:
      return Color::red;
  }
  return Color::none;
}

}  // namespace

std::string colored(Color color, std::string_view text, bool on) {
  if (!on || color == Color::none) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(color), text);
}

nlohmann::json document(std::string_view kind) {
  return {{"schema", json_schema}, {"kind", std::string(kind)}};
}

void print_json(Context& context, std::string_view kind, const nlohmann::json& body) {
  nlohmann::json whole = document(kind);
  whole.update(body);
  context.out << whole.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

ExitCode report(Context& context, const base::Error& error) {
  if (context.json) {
    print_json(context, "error", control::error_document(error));
  } else if (error.kind() != base::ErrorKind::cancelled || !context.quiet) {
    fmt::print(context.err, "{} {}\n", colored(Color::red, "wherry:", context.color_on_err()),
               error.what());
  }
  return exit_code_of(error);
}

ExitCode report(Context& context, const std::vector<config::Problem>& problems) {
  if (context.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const config::Problem& problem : problems) {
      list.push_back({{"file", problem.file},
                      {"line", problem.place.line},
                      {"column", problem.place.column},
                      {"code", problem.code},
                      {"message", problem.message},
                      {"hint", problem.hint}});
    }
    print_json(context, "error",
               {{"code", problems.front().code},
                {"error_kind", "rejected"},
                {"message", problems.front().where() + ": " + problems.front().message},
                {"context", problems.front().hint},
                {"problems", std::move(list)}});
  } else {
    for (const config::Problem& problem : problems) {
      fmt::print(context.err, "{}\n", problem.text());
    }
  }
  return ExitCode::usage;
}

ExitCode report_usage(Context& context, std::string_view message, std::string_view hint) {
  if (context.json) {
    print_json(context, "error",
               {{"code", "usage"},
                {"error_kind", "rejected"},
                {"message", std::string(message)},
                {"context", std::string(hint)}});
  } else {
    fmt::print(context.err, "{} {}{}{}\n", colored(Color::red, "wherry:", context.color_on_err()),
               message, hint.empty() ? "" : "; ", hint);
  }
  return ExitCode::usage;
}

std::optional<config::Migration> load_config(Context& context) {
  config::Loaded loaded = config::read(context.config, config::Surroundings::of_process());
  if (loaded.migration) return std::move(loaded.migration);
  static_cast<void>(report(context, loaded.problems));
  return std::nullopt;
}

std::vector<std::string> finding_lines(std::vector<model::Finding> findings, bool color) {
  std::stable_sort(findings.begin(), findings.end(),
                   [](const auto& a, const auto& b) { return a.severity > b.severity; });
  std::vector<std::string> lines;
  for (const model::Finding& finding : findings) {
    const std::string severity(model::to_string(finding.severity));
    lines.push_back(
        fmt::format("{} {}: {} [{}]",
                    colored(color_of(finding.severity), fmt::format("{:<8}", severity), color),
                    finding.subject, finding.why, finding.code));
    if (!finding.what_to_do.empty()) {
      lines.push_back(fmt::format("         {}", finding.what_to_do));
    }
  }
  return lines;
}

}  // namespace wherry::app
