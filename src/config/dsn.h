#pragma once
// Addresses in one line: mysql://user@host:3306/?password_env=NAME&tls_ca=/path, file:///path.
// Internal to config. A pure function.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace wherry::config {

struct Dsn {
  std::string scheme;  // "mysql" (also for mariadb://) or "file"
  std::string user;
  std::string host;
  std::optional<std::string> port;
  std::string path;  // of file://
  std::map<std::string, std::string> options;
};

// What is wrong; never quotes the address, which may hold a password.
struct DsnError {
  std::string code;
  std::string message;
  std::string hint;
};

std::variant<Dsn, DsnError> parse_dsn(std::string_view text);

}  // namespace wherry::config
