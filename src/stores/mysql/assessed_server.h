#pragma once
// A server that is being assessed: what it says of itself and of our account, and what was found.
// One thread; lives as long as its connection. Errors: those of the connection.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/finding.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/grants.h"

namespace wherry::stores::mysql {

class AssessedServer {
 public:
  explicit AssessedServer(Connection& connection);

  // Its global variables: "" and 0 if the server does not know it.
  std::string variable(const std::string& name) const;
  std::uint64_t number(const std::string& name) const;

  const Grants& grants() const { return grants_; }
  bool has(std::string_view privilege) const { return grants_.has_everywhere(privilege); }
  // The statement that gives our account what it lacks.
  std::string grant(std::string_view privileges, std::string_view on = "*.*") const;

  void add(model::Severity severity, std::string code, std::string subject, std::string why,
           std::string what_to_do);
  void add(model::Finding finding) { findings_.push_back(std::move(finding)); }
  std::vector<model::Finding> take_findings() { return std::move(findings_); }

 private:
  std::map<std::string, std::string> variables_;
  Grants grants_;
  std::string account_;
  std::vector<model::Finding> findings_;
};

}  // namespace wherry::stores::mysql
