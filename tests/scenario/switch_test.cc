// The switch and the way back, as a user types them, while clients without privileges beyond their
// own tables write throughout and remember every write that was acknowledged.

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* guards = R"(
cutover:
  patience: 300 ms
  guards:
    accounts: ["app@%"]
    read_only: true
)";

Connection as_app(const Server& server) {
  Endpoint endpoint;
  endpoint.port = server.port();
  endpoint.user = "app";
  endpoint.password = "app";
  endpoint.database = "bank";
  return Connection(endpoint);
}

// One application: writes to the side that took its last write until that refuses, then tries the
// other.
class Application {
 public:
  Application(const Server& old_server, const Server& new_server, int number)
      : sides_{&old_server, &new_server}, number_(number) {
    thread_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
  }
  std::vector<int> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void write(const std::stop_token& stop) {
    std::size_t side = 0;
    std::unique_ptr<Connection> connection;
    for (int n = 1; !stop.stop_requested();) {
      try {
        if (!connection) connection = std::make_unique<Connection>(as_app(*sides_.at(side)));
        const std::string id = std::to_string(number_ * 1'000'000 + n);
        connection->exec("BEGIN; INSERT INTO t VALUES (" + id + ", 'row " + id +
                         "'); UPDATE hot SET n = n + 1, last = " + id +
                         " WHERE id = " + std::to_string(number_) + "; COMMIT");
        const std::lock_guard lock(mutex_);
        acknowledged_.push_back(number_ * 1'000'000 + n);
        ++n;
      } catch (const SqlError&) {
        // Refused, or cut off in the middle: whether the last one was written is not known.
        connection.reset();
        side = 1 - side;
        ++n;
        std::this_thread::sleep_for(5ms);
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  std::vector<const Server*> sides_;
  const int number_;
  mutable std::mutex mutex_;
  std::vector<int> acknowledged_;
  std::jthread thread_;
};

class Switch : public OfKind {
 protected:
  Switch() {
    old_server.exec_sql(
        "CREATE DATABASE bank; CREATE TABLE bank.t (id INT PRIMARY KEY, v VARCHAR(40)); "
        "CREATE TABLE bank.hot (id INT PRIMARY KEY, n INT, last INT); "
        "INSERT INTO bank.hot VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0); "
        "CREATE TABLE bank.counted (id INT AUTO_INCREMENT PRIMARY KEY, v INT); "
        "INSERT INTO bank.counted (v) VALUES (1), (2), (3); DELETE FROM bank.counted WHERE id > 1");
    std::string rows = "INSERT INTO bank.t VALUES (1, 'first')";
    for (int id = 2; id <= 5000; ++id) rows += ",(" + std::to_string(id) + ",'row')";
    old_server.exec_sql(rows);
    for (const auto* server : {&old_server, &new_server}) {
      server->exec_sql(
          "CREATE USER app@'%' IDENTIFIED BY 'app'; "
          "GRANT SELECT, INSERT, UPDATE, DELETE ON bank.* TO app@'%'");
      grants_[server] = grants(*server);
    }
  }
  static Rows grants(const Server& server) { return server.query("SHOW GRANTS FOR app@'%'"); }
  void expect_grants_of_before(const Server& server) {
    EXPECT_EQ(grants(server), grants_.at(&server));
  }
  static int next_id(const Server& server) {
    auto app = as_app(server);
    app.exec("INSERT INTO counted (v) VALUES (9)");
    return std::stoi(app.value("SELECT MAX(id) FROM counted").value());
  }
  static bool can_write(const Server& server) {
    try {
      as_app(server).exec("UPDATE hot SET n = n + 1 WHERE id = 3");
      return true;
    } catch (const SqlError&) {
      return false;
    }
  }
  static void wait_ready(const Wherry& wherry, const std::string& command) {
    wait_until("ready for " + command, 60s, [&] {
      return wherry.command({command, "--dry-run"}).exit_code == 0;
    });
  }

  Server old_server = Server::start(GetParam());
  Server new_server = Server::start(GetParam());
  std::map<const Server*, Rows> grants_;
};

TEST_P(Switch, over_and_back_loses_no_acknowledged_write) {
  Wherry wherry(old_server, new_server, {"bank.*"}, guards);
  wherry.start();
  std::vector<std::unique_ptr<Application>> applications;
  for (int number : {1, 2}) {
    applications.push_back(std::make_unique<Application>(old_server, new_server, number));
  }
  const auto written = [&] {
    std::size_t sum = 0;
    for (const auto& application : applications) sum += application->count();
    return sum;
  };
  const auto expect_more_written = [&] {
    const auto before = written();
    wait_until("the applications write on", 30s, [&] { return written() > before + 20; });
  };

  wait_ready(wherry, "cutover");
  const json over = ask(wherry, {"cutover", "--yes"});
  EXPECT_EQ(over["certificate"]["writable"], "target") << over.dump();
  EXPECT_GE(over["certificate"]["rows_proved"], 5004);
  EXPECT_FALSE(can_write(old_server));
  expect_grants_of_before(new_server);
  expect_more_written();
  EXPECT_EQ(status(wherry)["state"], "switched");
  // No value is given out twice, though its row is gone.
  EXPECT_GE(next_id(new_server), 4);
  new_server.exec_sql(
      "INSERT INTO bank.counted (v) VALUES (8); DELETE FROM bank.counted WHERE v = 8");

  wait_ready(wherry, "rollback");
  const json back = ask(wherry, {"rollback", "--yes"});
  EXPECT_EQ(back["certificate"]["writable"], "source") << back.dump();
  EXPECT_FALSE(can_write(new_server));
  expect_grants_of_before(old_server);
  EXPECT_GE(next_id(old_server), 6);
  expect_more_written();
  EXPECT_EQ(status(wherry)["state"], "following");

  for (const auto& application : applications) application->finish();
  wait_until("all is proved", 60s, [&] {
    const auto now = status(wherry);
    return now["proof"]["all_proved"] == true && now["proof"]["dirty_keys"] == 0;
  });
  for (const auto& application : applications) {
    for (const int id : application->acknowledged()) {
      ASSERT_EQ(old_server.query("SELECT v FROM bank.t WHERE id = " + std::to_string(id)).size(),
                1U)
          << id;
    }
  }
  const auto comparison = compare_servers(old_server, new_server, {"--database", "bank"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

INSTANTIATE_TEST_SUITE_P(On, Switch,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql56,
                                         ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
