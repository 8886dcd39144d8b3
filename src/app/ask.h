#pragma once
// Asking about a migration: the running process if there is one, else its journal.

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/context.h"
#include "config/migration.h"

namespace wherry::app {

// The running process's answer; nothing if none runs.
std::optional<nlohmann::json> ask_running(const config::Migration& config,
                                          const std::string& method, const std::string& path,
                                          const std::string& body = {});

// Runs a command that asks the running process or else opens the journal itself; again, for 10 s at
// most, while another process holds the journal and does not answer, as a run in its first moments.
ExitCode once_it_answers(const std::function<ExitCode()>& command);

// The status document, from whichever can tell. Throws Error(rejected, "journal.missing") if the
// migration was never started.
nlohmann::json status_document(const config::Migration& config);

// A status document as lines for people: all tables; as wide as the terminal, or as needed where
// there is none.
void print_status(Context& context, const nlohmann::json& status, bool with_notes);

// Waits until every chunk is proved or its differences are known; `status` is asked again and
// again. The last status.
nlohmann::json wait_until_checked(const std::function<nlohmann::json()>& status);

// Prints a status document as the result of a command: proved, or different.
ExitCode print_result(Context& context, const nlohmann::json& status);

}  // namespace wherry::app
