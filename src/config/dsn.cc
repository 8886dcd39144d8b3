#include "config/dsn.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace wherry::config {

namespace {

constexpr const char* dsn_form = "expected mysql://user@host:3306 or file:///path";

DsnError bad(std::string message, std::string hint = dsn_form) {
  return {"config.bad_dsn", std::move(message), std::move(hint)};
}

}  // namespace

std::variant<Dsn, DsnError> parse_dsn(std::string_view text) {
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad("dsn: not an address");
  const boost::urls::url_view& url = *parsed;
  Dsn dsn;
  dsn.scheme = std::string(url.scheme());
  if (dsn.scheme == "mariadb") dsn.scheme = "mysql";
  if (dsn.scheme != "mysql" && dsn.scheme != "file") {
    return bad("dsn: the scheme is neither mysql:// nor file://");
  }
  if (url.has_password()) {
    return DsnError{"config.inline_password", "dsn: a password must not stand in the file",
                    "use password_env: NAME or password_file: PATH beside it"};
  }
  if (url.has_fragment()) return bad("dsn: '#' must be written as %23");
  dsn.user = url.user();
  dsn.host = url.host_address();
  if (url.has_port()) dsn.port = std::string(url.port());
  const std::string path = url.path();
  if (dsn.scheme == "file") {
    if (!dsn.host.empty() || !path.starts_with('/')) {
      return bad("dsn: a file address has no host and an absolute path", "expected file:///path");
    }
    dsn.path = path;
  } else if (!path.empty() && path != "/") {
    return bad("dsn: a mysql address names no database",
               "choose tables with tables: {include: [\"shop.*\"]}");
  }
  for (const auto& parameter : url.params()) {
    const bool added =
        parameter.has_value && dsn.options.emplace(parameter.key, parameter.value).second;
    if (!added) return bad("dsn: each option is given once, as name=value");
  }
  return dsn;
}

}  // namespace wherry::config
