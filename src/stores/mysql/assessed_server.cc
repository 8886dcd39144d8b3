#include "stores/mysql/assessed_server.h"

#include <utility>

#include <fmt/format.h>

namespace wherry::stores::mysql {

AssessedServer::AssessedServer(Connection& connection)
    : grants_(read_grants(connection)), account_(account_of(connection)) {
  const Result r = connection.query("SHOW GLOBAL VARIABLES");
  for (std::size_t row = 0; row < r.rows(); ++row) {
    variables_[r.text(row, std::size_t{0})] = r.text(row, std::size_t{1});
  }
}

std::string AssessedServer::variable(const std::string& name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? std::string() : found->second;
}

std::uint64_t AssessedServer::number(const std::string& name) const {
  try {
    return static_cast<std::uint64_t>(std::stod(variable(name)));
  } catch (const std::exception&) {
    return 0;
  }
}

std::string AssessedServer::grant(std::string_view privileges, std::string_view on) const {
  return fmt::format("GRANT {} ON {} TO {};", privileges, on, account_);
}

void AssessedServer::add(model::Severity severity, std::string code, std::string subject,
                         std::string why, std::string what_to_do) {
  findings_.push_back(
      {severity, std::move(code), std::move(subject), std::move(why), std::move(what_to_do)});
}

}  // namespace wherry::stores::mysql
