// `wherry support-bundle`: what somebody who helps needs to see, in one file, without secrets.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>

#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/command.h"
#include "app/open_migration.h"
#include "app/output.h"
#include "app/version.h"
#include "base/error.h"
#include "base/text.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

namespace fs = std::filesystem;

// Facts that are nobody's business: what keys the digests.
bool is_secret(const std::string& fact) { return fact == "digest_key"; }

nlohmann::json journal_facts(const config::Migration& config) {
  const auto journal = journal::open_sqlite_readonly(journal_file(config));
  nlohmann::json facts;
  for (const std::string name : {"state", "paused", "position", "source", "target",
                                 "source_identity", "target_identity", "digest_key"}) {
    const auto value = journal->fact(name);
    if (value) facts[name] = is_secret(name) ? "(removed)" : base::printable(*value);
  }
  facts["tables"] = nlohmann::json::array();
  for (const auto& table : journal->tables()) facts["tables"].push_back(table.source);
  facts["events"] = nlohmann::json::array();
  for (const auto& event : journal->events()) {
    facts["events"].push_back({{"at", base::utc_text(event.at)},
                               {"kind", event.kind},
                               {"from", event.from},
                               {"to", event.to},
                               {"detail", event.detail}});
  }
  return facts;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.flush();
  if (!out) {
    throw base::Error(base::ErrorKind::rejected, "bundle.write", "cannot write", file.string());
  }
}

void pack(const fs::path& folder, const fs::path& into) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("tar", "tar", "-czf", into.c_str(), "-C", folder.parent_path().c_str(),
             folder.filename().c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int state = 0;
  if (child < 0 || ::waitpid(child, &state, 0) != child || state != 0) {
    throw base::Error(base::ErrorKind::rejected, "bundle.tar", "tar could not write the bundle",
                      into.string());
  }
}

ExitCode make_bundle(Context& context, const std::string& asked_for) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const fs::path into =
      asked_for.empty() ? "wherry-" + config->name + "-support.tar.gz" : asked_for;
  std::string pattern = (fs::temp_directory_path() / "wherry-bundle-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw base::Error(base::ErrorKind::rejected, "bundle.write", "cannot make a temporary folder");
  }
  const fs::path temporary = pattern;
  const std::unique_ptr<const fs::path, void (*)(const fs::path*)> cleaner(
      &temporary, [](const fs::path* path) {
        std::error_code ignored;
        fs::remove_all(*path, ignored);
      });
  const fs::path folder = temporary / ("wherry-" + config->name);
  fs::create_directory(folder);
  write(folder / "version.txt", version_line() + "\n");
  // The config names where passwords are and never holds one: loading it refuses those that do.
  fs::copy_file(config->file, folder / "wherry.yaml");
  write(folder / "status.json", status_document(*config).dump(2) + "\n");
  write(folder / "journal.json", journal_facts(*config).dump(2) + "\n");
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(config->journal, none)) {
    if (entry.path().filename().string().starts_with("wherry") &&
        entry.path().extension() == ".log") {
      fs::copy_file(entry.path(), folder / entry.path().filename());
    }
  }
  pack(folder, into);
  if (context.json) {
    print_json(context, "support_bundle", {{"file", into.string()}});
  } else {
    context.out << "wrote " << into.string() << "; look through it before you pass it on\n";
  }
  return ExitCode::ok;
}

}  // namespace

void add_support_bundle(CLI::App& root, Context& context) {
  const auto file = std::make_shared<std::string>();
  CLI::App& command = add_command(
      root, context,
      {"support-bundle",
       "Collect logs, journal facts and config in one file, without secrets",
       "Holds names of tables and columns and keys of rows that were found different, no rows.",
       {"wherry support-bundle --output bundle.tar.gz"},
       {ExitCode::ok, ExitCode::error}},
      NeedsConfig::yes, [&context, file] { return make_bundle(context, *file); });
  command.add_option("--output", *file, "The file to write (wherry-NAME-support.tar.gz)");
}

}  // namespace wherry::app
