// `wherry report` and `wherry history`: what happened, from the journal.

#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/command.h"
#include "app/open_migration.h"
#include "app/output.h"
#include "base/text.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

nlohmann::json history_rows(const config::Migration& config) {
  const auto journal = journal::open_sqlite_readonly(journal_file(config));
  auto rows = nlohmann::json::array();
  for (const auto& event : journal->events()) {
    rows.push_back({{"at", base::utc_text(event.at)},
                    {"kind", event.kind},
                    {"from", event.from},
                    {"to", event.to},
                    {"detail", event.detail},
                    {"undo", event.undo}});
  }
  return rows;
}

// Triggers and events, with all that is needed to make them.
nlohmann::json held_back(const config::Migration& config) {
  const auto journal = journal::open_sqlite_readonly(journal_file(config));
  return nlohmann::json::parse(journal->fact("held_back_definitions").value_or("[]"));
}

std::string held_back_line(const nlohmann::json& one) {
  std::string line = one.at("kind").get<std::string>() + " " + one.at("name").get<std::string>();
  if (one.contains("table")) line += " on " + one.at("table").get<std::string>();
  return line + ", definer " + one.at("definer").get<std::string>();
}

std::string history_line(const nlohmann::json& row) {
  const auto from = row.at("from").get<std::string>();
  const auto what = from.empty() ? row.at("kind").get<std::string>()
                                 : from + " → " + row.at("to").get<std::string>();
  return fmt::format("{}  {:<24} {}", row.at("at").get<std::string>(), what,
                     row.at("detail").get<std::string>());
}

ExitCode history(Context& context) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const auto rows = history_rows(*config);
  if (context.json) {
    print_json(context, "history", {{"events", rows}});
    return ExitCode::ok;
  }
  for (const auto& row : rows) context.out << history_line(row) << "\n";
  return ExitCode::ok;
}

ExitCode report_all(Context& context) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const nlohmann::json status = status_document(*config);
  const auto rows = history_rows(*config);
  if (context.json) {
    print_json(context, "report",
               {{"status", status}, {"held_back", held_back(*config)}, {"events", rows}});
    return ExitCode::ok;
  }
  const auto& proof = status.at("proof");
  context.out << "# Migration " << status.at("migration").get<std::string>() << "\n\n"
              << "source  " << status.at("source").get<std::string>() << "\n"
              << "target  " << status.at("target").get<std::string>() << "\n\n"
              << (proof.at("all_proved").get<bool>() ? "Every row was proved equal on both sides."
                                                     : "Not every row is proved equal.")
              << "\n\n";
  print_status(context, status, true);
  if (const auto held = held_back(*config); !held.empty()) {
    context.out << "\n## Held back until the switch\n\n";
    for (const auto& one : held) context.out << held_back_line(one) << "\n";
  }
  context.out << "\n## History\n\n";
  for (const auto& row : rows) context.out << history_line(row) << "\n";
  return ExitCode::ok;
}

}  // namespace

void add_history(CLI::App& root, Context& context) {
  add_command(root, context,
              {"history",
               "Show what happened, with times",
               "",
               {"wherry history"},
               {ExitCode::ok, ExitCode::error}},
              NeedsConfig::yes, [&context] { return history(context); });
}

void add_report(CLI::App& root, Context& context) {
  add_command(root, context,
              {"report",
               "Tell the whole story: state, tables, proofs, findings, history",
               "",
               {"wherry report > shop.md", "wherry report --json"},
               {ExitCode::ok, ExitCode::error}},
              NeedsConfig::yes, [&context] { return report_all(context); });
}

}  // namespace wherry::app
