#pragma once
// A password that is named, not held: an environment variable or a file, read anew at each
// reveal(), so that a rotated password is picked up on reconnect. It cannot be printed, formatted
// or compared. Thread-safety: values; reveal() reads the environment, so nothing may call setenv
// meanwhile. Errors: reveal() throws Error(rejected, "config.secret_unreadable"), which names the
// source, never the content.

#include <filesystem>
#include <iosfwd>
#include <string>

namespace wherry::config {

class Secret {
 public:
  Secret() = default;  // none: reveal() is empty
  static Secret from_environment(std::string variable);
  static Secret from_file(const std::filesystem::path& file);

  bool given() const { return source_ != Source::none; }
  std::string origin()
      const;  // "environment variable SHOP_PASSWORD", "file /etc/…", "none"; fit to be shown

  // A file's last line end is not part of it. Keep the result no longer than the call that needs
  // it.
  std::string reveal() const;

 private:
  enum class Source { none, environment, file };
  Source source_ = Source::none;
  std::string name_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace wherry::config
