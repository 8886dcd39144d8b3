#include "stores/mysql/identity.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::stores::mysql {

std::string describe_server(Connection& connection) {
  const ServerVersion& v = connection.server();
  return fmt::format("{} {}.{}.{} at {}", v.is_mariadb() ? "MariaDB" : "MySQL", v.number / 10000,
                     v.number / 100 % 100, v.number % 100, connection.endpoint().text());
}

std::string server_identity(Connection& connection) {
  if (!connection.server().is_mariadb()) {
    return "mysql:" + connection.scalar("SELECT @@GLOBAL.server_uuid").value_or("");
  }
  const Result r = connection.query("SELECT @@hostname, @@port, @@datadir, @@GLOBAL.server_id");
  std::string out = "mariadb";
  for (std::size_t i = 0; i < r.columns(); ++i) out += ":" + base::printable(r.text(0, i));
  return out;
}

void check_identity(Connection& connection, const std::string& expected, std::string_view side) {
  if (expected.empty()) return;
  const AnswerSoon soon(connection);
  const std::string found = server_identity(connection);
  if (found == expected) return;
  const bool source = side == "source";
  throw base::Error(
      base::ErrorKind::rejected, source ? "source.replaced" : "target.replaced",
      fmt::format("another server answers as {} ({}) than before ({})", side, found, expected),
      connection.endpoint().text());
}

}  // namespace wherry::stores::mysql
