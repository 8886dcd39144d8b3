#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/contract/row_store_suite.h"
#include "tests/contract/row_store_views.h"
#include "tests/contract/row_store_writes.h"
#include "tests/support/server.h"

namespace wherry::tests {
namespace {

namespace mysql = stores::mysql;

mysql::Endpoint endpoint_of(const Server& server) {
  mysql::Endpoint endpoint;
  endpoint.port = static_cast<std::uint16_t>(server.port());
  endpoint.user = "root";
  return endpoint;
}

std::string quoted(const CellText& cell) {
  if (!cell) return "NULL";
  EXPECT_EQ(cell->find_first_of("'\\"), std::string::npos);
  return "'" + *cell + "'";
}

// The servers outlive their labs; the schema and what Wherry keeps are made anew for each.
class MysqlLab final : public RowStoreLab {
 public:
  MysqlLab(Server& from, Server& to)
      : from_(from), to_(to), source_({endpoint_of(from), "", 0}), target_(endpoint_of(to)) {
    for (Server* server : {&from_, &to_}) {
      server->exec_sql(
          "DROP DATABASE IF EXISTS suite; DROP DATABASE IF EXISTS _wherry;"
          " CREATE DATABASE suite CHARACTER SET utf8mb4");
    }
  }
  contract::RowSource& source() override { return source_; }
  contract::RowTarget& target() override { return target_; }

  void create_items(Side side) override {
    server(side).exec_sql(
        "CREATE TABLE suite.items (id INT PRIMARY KEY, name VARCHAR(100), code VARCHAR(40) UNIQUE,"
        " n BIGINT) ENGINE=InnoDB");
  }
  void write(Side side, const std::vector<ClientWrite>& transaction) override {
    std::string sql = "BEGIN;";
    for (const auto& w : transaction) {
      const std::string where = " WHERE id=" + std::to_string(w.id) + ";";
      switch (w.kind) {
        case ClientWrite::Kind::insert:
          sql += "INSERT INTO suite.items VALUES (";
          for (std::size_t c = 0; c < w.row.size(); ++c)
            sql += (c == 0 ? "" : ",") + quoted(w.row[c]);
          sql += ");";
          break;
        case ClientWrite::Kind::update:
          sql += "UPDATE suite.items SET id=" + quoted(w.row.at(0)) +
                 ",name=" + quoted(w.row.at(1)) + ",code=" + quoted(w.row.at(2)) +
                 ",n=" + quoted(w.row.at(3)) + where;
          break;
        case ClientWrite::Kind::remove:
          sql += "DELETE FROM suite.items" + where;
          break;
      }
    }
    server(side).exec_sql(sql + "COMMIT");
  }
  void add_column(Side side, const std::string& name) override {
    server(side).exec_sql("ALTER TABLE suite.items ADD COLUMN " + name + " VARCHAR(40)");
  }
  void crash(Side side) override {
    server(side).kill9();
    server(side).restart();
  }
  void let_time_pass(std::chrono::seconds time) override { std::this_thread::sleep_for(time); }

 private:
  Server& server(Side side) { return side == Side::source ? from_ : to_; }

  Server& from_;
  Server& to_;
  mysql::Source source_;
  mysql::Target target_;
};

// One of each kind on each side serves all labs.
template <ServerKind kind, RowStoreLab::Side side>
Server& a_server() {
  static Server server = Server::start(kind);
  return server;
}

template <ServerKind from, ServerKind to>
std::shared_ptr<RowStoreLab> make_lab() {
  return std::make_shared<MysqlLab>(a_server<from, RowStoreLab::Side::source>(),
                                    a_server<to, RowStoreLab::Side::target>());
}

struct Pair {
  ServerKind from;
  ServerKind to;
  RowStoreLabFactory make;
};

template <ServerKind from, ServerKind to>
constexpr Pair a_pair() {
  return {from, to, &make_lab<from, to>};
}

// Every kind on either side, and every way up.
constexpr std::array pairs{
    a_pair<ServerKind::mariadb, ServerKind::mariadb>(),
    a_pair<ServerKind::mysql57, ServerKind::mariadb>(),
    a_pair<ServerKind::mysql56, ServerKind::mysql57>(),
    a_pair<ServerKind::mariadb, ServerKind::mysql56>(),
};

std::vector<RowStoreLabFactory> factories() {
  std::vector<RowStoreLabFactory> out;
  for (const Pair& pair : pairs) {
    if (Server::available(pair.from) && Server::available(pair.to)) out.push_back(pair.make);
  }
  return out;
}

std::string name_of(RowStoreLabFactory factory) {
  for (const Pair& pair : pairs) {
    if (pair.make == factory) {
      return std::string(to_string(pair.from)) + "_to_" + std::string(to_string(pair.to));
    }
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(mysql, RowStoreSuite, testing::ValuesIn(factories()),
                         [](const auto& made_by) { return name_of(made_by.param); });

}  // namespace
}  // namespace wherry::tests
