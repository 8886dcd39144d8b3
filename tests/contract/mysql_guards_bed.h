#pragma once
// A real server with an application's account of every kind of privilege, and Wherry beside it.
// One thread, but for the server.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "stores/mysql/guarded_server.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {

class MysqlGuards : public tests::OfKind {
 protected:
  void SetUp() override;

  bool is_mariadb() const { return GetParam() == tests::ServerKind::mariadb; }
  void sql(const std::string& statements) { server_->exec_sql(statements); }
  // Wherry's account, by TCP; on another port, through a gate.
  GuardedServer guarded(unsigned port = 0) const;
  // The application's, by TCP.
  tests::Connection connect_as(const std::string& user) const;
  // SHOW GRANTS, all lines in order.
  std::string grants(const std::string& account) const;
  // Of all accounts that may be guarded here.
  std::string all_grants() const;
  // Whether each of these is refused, and reading is not.
  void expect_reads_only(const std::string& user) const;
  void expect_writes(const std::string& user) const;

  const std::vector<std::string> accounts_{"app@127.0.0.1", "app@%", "odd`o'ne@127.0.0.%"};
  std::unique_ptr<tests::Server> server_;
};

// Of what `assess` found, by code: "guard.own_account wherry@%".
std::set<std::string> blockers(const std::vector<model::Finding>& findings);
std::set<std::string> warnings(const std::vector<model::Finding>& findings);

}  // namespace wherry::stores::mysql
