#include "app/exit_codes.h"

#include <fmt/format.h>

namespace wherry::app {

const std::vector<ExitCodeMeaning>& exit_codes() {
  static const std::vector<ExitCodeMeaning> table{
      {ExitCode::ok, "done, nothing to complain about"},
      {ExitCode::error, "failed; the error tells what and why"},
      {ExitCode::usage, "wrong usage, or the config file has mistakes"},
      {ExitCode::blocked, "findings of severity blocker are open"},
      {ExitCode::different, "differences were found, or equality is not proved"},
      {ExitCode::taken, "another process holds the migration"},
      {ExitCode::stopped, "stopped by a signal, at a safe point; start again to continue"},
  };
  return table;
}

std::string_view meaning(ExitCode code) {
  for (const ExitCodeMeaning& row : exit_codes()) {
    if (row.code == code) return row.meaning;
  }
  return "";
}

ExitCode exit_code_of(const base::Error& error) {
  if (error.code().starts_with("config.") || error.code().starts_with("usage.")) {
    return ExitCode::usage;
  }
  if (error.code() == "assess.blocked") return ExitCode::blocked;
  if (error.code() == "journal.held" || error.code() == "lease.held") return ExitCode::taken;
  switch (error.kind()) {
    case base::ErrorKind::cancelled:
      return ExitCode::stopped;
    case base::ErrorKind::fenced:
      return ExitCode::taken;
    case base::ErrorKind::data_mismatch:
    case base::ErrorKind::transient:
    case base::ErrorKind::connection_lost:
    case base::ErrorKind::rejected:
    case base::ErrorKind::not_supported:
    case base::ErrorKind::internal:
      return ExitCode::error;
  }
  return ExitCode::error;
}

std::string exit_codes_page() {
  std::string page =
      "# Exit codes\n\n"
      "Every command exits with one of these; `wherry COMMAND --help` names the ones it uses.\n\n"
      "| code | meaning |\n|---|---|\n";
  for (const ExitCodeMeaning& row : exit_codes()) {
    page += fmt::format("| {} | {} |\n", static_cast<int>(row.code), row.meaning);
  }
  return page;
}

}  // namespace wherry::app
