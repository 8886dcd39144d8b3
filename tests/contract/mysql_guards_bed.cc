#include "tests/contract/mysql_guards_bed.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace wherry::stores::mysql {

namespace {

using Kind = tests::ServerKind;

constexpr const char* schemas =
    "CREATE DATABASE shop; CREATE DATABASE shop_eu; CREATE DATABASE shopXeu;"
    "CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b INT, `order` INT);"
    "CREATE TABLE shop.u (id INT PRIMARY KEY, a INT);"
    "CREATE TABLE shop_eu.t LIKE shop.t; CREATE TABLE shopXeu.t LIKE shop.t;"
    "CREATE PROCEDURE shop.fill() INSERT INTO shop.u VALUES (1000, 1);"
    "CREATE FUNCTION shop.one() RETURNS INT DETERMINISTIC RETURN 1;";

// Wherry's account, one that may do everything, one that is not named.
constexpr const char* accounts =
    "CREATE USER wherry@'%' IDENTIFIED BY 'w'; GRANT ALL ON *.* TO wherry@'%' WITH GRANT OPTION;"
    "GRANT PROXY ON ''@'%' TO wherry@'%' WITH GRANT OPTION;"
    "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'a'; CREATE USER app@'%' IDENTIFIED BY 'a';"
    "CREATE USER `odd``o'ne`@'127.0.0.%' IDENTIFIED BY 'a';"
    "CREATE USER other@'%' IDENTIFIED BY 'a'; CREATE USER reader@'%' IDENTIFIED BY 'a';"
    "GRANT SELECT ON *.* TO reader@'%';"
    "GRANT ALL ON *.* TO `odd``o'ne`@'127.0.0.%' WITH GRANT OPTION;";

// At each level, some with reading and some without, some to be passed on.
constexpr const char* privileges =
    "GRANT SELECT, PROCESS, FILE, CREATE USER ON *.* TO app@'127.0.0.1' WITH "
    "MAX_QUERIES_PER_HOUR 100000;"
    "GRANT ALL ON `shop`.* TO app@'127.0.0.1' WITH GRANT OPTION;"
    "GRANT SELECT, INSERT, TRIGGER ON `shop\\_eu`.* TO app@'127.0.0.1';"
    "GRANT UPDATE ON `shop%`.* TO app@'127.0.0.1';"
    "GRANT INSERT, UPDATE, DELETE ON shop.u TO app@'127.0.0.1' WITH GRANT OPTION;"
    "GRANT SELECT (id, a), INSERT (a, id), UPDATE (`order`) ON shop.t TO app@'127.0.0.1';"
    "GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE shop.fill TO app@'127.0.0.1';"
    "GRANT EXECUTE ON FUNCTION shop.one TO app@'127.0.0.1' WITH GRANT OPTION;"
    "GRANT PROXY ON other@'%' TO app@'127.0.0.1' WITH GRANT OPTION;"
    "GRANT SELECT, INSERT ON shop.* TO app@'%'";

constexpr const char* roles =
    "CREATE ROLE readers; GRANT SELECT ON shop.* TO readers;"
    "CREATE ROLE writers; GRANT INSERT ON shop.* TO writers;"
    "CREATE ROLE above; GRANT writers TO above;"
    "GRANT readers TO app@'127.0.0.1'; GRANT above TO app@'127.0.0.1' WITH ADMIN OPTION;"
    "GRANT above TO wherry@'%' WITH ADMIN OPTION;"
    "SET DEFAULT ROLE above FOR app@'127.0.0.1'";

std::set<std::string> of(model::Severity severity, const std::vector<model::Finding>& findings) {
  std::set<std::string> out;
  for (const auto& f : findings) {
    if (f.severity == severity) out.insert(f.code + " " + f.subject);
  }
  return out;
}

// The server lists columns as they stand in a hash table, which changes when it is started anew.
std::string with_columns_in_order(const std::string& line) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t open = 0; (open = line.find('(', at)) != std::string::npos;) {
    const std::size_t close = line.find(')', open);
    out += line.substr(at, open + 1 - at);
    std::istringstream columns(line.substr(open + 1, close - open - 1));
    std::set<std::string> names;
    for (std::string name; std::getline(columns >> std::ws, name, ',');) names.insert(name);
    for (const auto& name : names) out += name + ", ";
    at = close;
  }
  return out + line.substr(at);
}

}  // namespace

void MysqlGuards::SetUp() {
  OfKind::SetUp();
  if (IsSkipped()) return;
  server_ = std::make_unique<tests::Server>(
      tests::Server::start(GetParam(), {.extra = {"--log-bin-trust-function-creators=1"}}));
  sql(schemas);
  sql(accounts);
  sql(privileges);
  if (is_mariadb()) sql(roles);
}

GuardedServer MysqlGuards::guarded(unsigned port) const {
  GuardedServer server;
  server.endpoint.port = static_cast<std::uint16_t>(port == 0 ? server_->port() : port);
  server.endpoint.user = "wherry";
  server.endpoint.password = [] { return std::string("w"); };
  server.side = "source";
  return server;
}

tests::Connection MysqlGuards::connect_as(const std::string& user) const {
  tests::Endpoint endpoint;
  endpoint.port = server_->port();
  endpoint.user = user;
  endpoint.password = "a";
  return tests::Connection(endpoint);
}

std::string MysqlGuards::grants(const std::string& account) const {
  std::string out;
  std::vector<std::string> lines;
  for (const auto& row : server_->query("SHOW GRANTS FOR " + account)) {
    lines.push_back(with_columns_in_order(row.at(0).value()));
  }
  std::sort(lines.begin(), lines.end());
  for (const auto& line : lines) out += line + "\n";
  return out;
}

std::string MysqlGuards::all_grants() const {
  return grants("app@'127.0.0.1'") + grants("app@'%'") + grants("`odd``o'ne`@'127.0.0.%'") +
         grants("other@'%'") + grants("reader@'%'") + grants("wherry@'%'");
}

void MysqlGuards::expect_reads_only(const std::string& user) const {
  auto session = connect_as(user);
  EXPECT_EQ(session.query("SELECT COUNT(*) FROM shop.t").size(), 1U) << user;
  for (const char* write :
       {"INSERT INTO shop.t (id, a) VALUES (77, 1)", "INSERT INTO shop.u VALUES (77, 1)",
        "UPDATE shop.t SET `order`=1", "DELETE FROM shop.u",
        "INSERT INTO shop_eu.t (id) VALUES (1)", "CALL shop.fill()",
        "CREATE TABLE shop.made (id INT)", "DROP TABLE shop.u",
        "CREATE TEMPORARY TABLE shop.gone (id INT)", "CREATE DATABASE made", "CREATE USER made@'%'",
        "SELECT 1 INTO OUTFILE '/tmp/never-written'", "GRANT SELECT ON shop.* TO reader@'%'",
        "TRUNCATE TABLE shop.t", "LOCK TABLES shop.t WRITE"}) {
    EXPECT_THROW(session.exec(write), tests::SqlError) << user << ": " << write;
  }
}

void MysqlGuards::expect_writes(const std::string& user) const {
  auto session = connect_as(user);
  session.exec(
      "INSERT INTO shop.u VALUES (88, 1); DELETE FROM shop.u WHERE id=88; "
      "UPDATE shop.t SET `order`=1; CALL shop.fill(); DELETE FROM shop.u");
}

std::set<std::string> blockers(const std::vector<model::Finding>& findings) {
  return of(model::Severity::blocker, findings);
}

std::set<std::string> warnings(const std::vector<model::Finding>& findings) {
  return of(model::Severity::warning, findings);
}

}  // namespace wherry::stores::mysql
