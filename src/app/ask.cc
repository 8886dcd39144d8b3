#include "app/ask.h"

#include <chrono>
#include <ostream>
#include <thread>

#include <nlohmann/json.hpp>

#include "app/open_migration.h"
#include "app/output.h"
#include "app/progress.h"
#include "app/status_view.h"
#include "base/error.h"
#include "control/client.h"
#include "engine/history.h"
#include "engine/status.h"
#include "journal/sqlite.h"

namespace wherry::app {

using namespace std::chrono_literals;

std::optional<nlohmann::json> ask_running(const config::Migration& config,
                                          const std::string& method, const std::string& path,
                                          const std::string& body) {
  control::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  return control::call_json(config.socket(), request, 10min);
}

ExitCode once_it_answers(const std::function<ExitCode()>& command) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (true) {
    try {
      return command();
    } catch (const base::Error& e) {
      if (e.code() != "journal.held" || std::chrono::steady_clock::now() > limit) throw;
    }
    std::this_thread::sleep_for(50ms);
  }
}

nlohmann::json status_document(const config::Migration& config) {
  if (auto answer = ask_running(config, "GET", "/status")) return std::move(*answer);
  const auto journal = journal::open_sqlite_readonly(journal_file(config));
  const auto followed = journal::open_sqlite_readonly(followed_journal_file(config, *journal));
  engine::Status status = engine::status_of(config.name, *followed);
  engine::tell_as_a_whole(status, engine::state_of(*journal));
  return status;
}

void print_status(Context& context, const nlohmann::json& status, bool with_notes) {
  constexpr std::size_t any_width = 100'000;
  View view;
  view.width = context.out_is_terminal ? terminal_size().first : any_width;
  view.height = 0;
  view.all_tables = true;
  view.notes = with_notes;
  view.color = context.color_on_out();
  for (const auto& line : status_lines(status, view)) context.out << line << "\n";
}

nlohmann::json wait_until_checked(const std::function<nlohmann::json()>& status) {
  while (true) {
    nlohmann::json now = status();
    const auto& proof = now.at("proof");
    const auto count = [](const nlohmann::json& part, const char* name) {
      return part.at(name).get<std::uint64_t>();
    };
    // Until the target's own log is looked through nobody knows what others wrote there.
    const bool others_unknown = now.at("state") == "following" && proof.at("dirty_keys").is_null();
    const bool all_looked_at = now.at("state") == "copied" ||
                               (now.at("state") != "copying" && !others_unknown &&
                                count(proof, "chunks_proved") + count(proof, "chunks_different") >=
                                    count(proof, "chunks"));
    if (all_looked_at) return now;
    std::this_thread::sleep_for(50ms);
  }
}

ExitCode print_result(Context& context, const nlohmann::json& status) {
  if (context.json) {
    print_json(context, "status", status);
  } else {
    print_status(context, status, false);
  }
  return status.at("proof").at("all_proved").get<bool>() ? ExitCode::ok : ExitCode::different;
}

}  // namespace wherry::app
