#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "app/command.h"
#include "app/output.h"
#include "base/error.h"
#include "base/text.h"
#include "config/template.h"

namespace wherry::app {

namespace {

struct InitOptions {
  std::string name = "shop";
  std::string type = "mysql";
  bool force = false;
};

[[noreturn]] void throw_unwritten(const std::string& file, int error_number) {
  throw base::Error(base::ErrorKind::rejected, "init.unwritten",
                    fmt::format("{} cannot be written: {}", file, std::strerror(error_number)));
}

void write_file(const std::filesystem::path& path, std::string_view text, bool force) {
  const std::string shown = base::printable(path.string());
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
  const int file = ::open(path.c_str(), flags, 0644);  // NOLINT(cppcoreguidelines-pro-type-vararg)
  if (file < 0 && errno == EEXIST) {
    throw base::Error(base::ErrorKind::rejected, "init.exists", shown + " exists already",
                      "--force overwrites it");
  }
  if (file < 0) throw_unwritten(shown, errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error_number = errno;
      ::close(file);
      throw_unwritten(shown, error_number);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file) != 0) throw_unwritten(shown, errno);
}

// The template is only good if it reads back; a name that does not fit is told with its reason.
bool check(Context& context, const std::string& text) {
  const config::Loaded loaded =
      config::parse(text, context.config, config::Surroundings::of_process());
  if (loaded.migration) return true;
  static_cast<void>(report(context, loaded.problems));
  return false;
}

}  // namespace

void add_init(CLI::App& root, Context& context) {
  const auto options = std::make_shared<InitOptions>();
  CLI::App& command = add_command(
      root, context,
      {"init",
       "Write a commented config",
       "Writes a config to fill in; it connects to nothing.",
       {"wherry init shop", "wherry init photos --type file --config photos.yaml"},
       {ExitCode::ok, ExitCode::error}},
      NeedsConfig::yes, [&context, options] {
        const std::string text = config::template_text(options->type, options->name);
        if (!check(context, text)) return ExitCode::usage;
        write_file(context.config, text, options->force);
        const std::string file = base::printable(context.config.string());
        if (context.json) {
          print_json(context, "init", {{"file", file}, {"name", options->name}});
        } else if (!context.quiet) {
          fmt::print(context.out,
                     "{} is written. Fill in source and target, then run wherry assess.\n", file);
        }
        return ExitCode::ok;
      });
  command.add_option("name", options->name, "The migration's name")->capture_default_str();
  command.add_option("--type", options->type, "What is moved")
      ->check(CLI::IsMember({"mysql", "file"}))
      ->capture_default_str();
  command.add_flag("--force", options->force, "Overwrite the file");
}

}  // namespace wherry::app
