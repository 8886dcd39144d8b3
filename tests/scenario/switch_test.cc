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
        if (!connection)
          connection = std::make_unique<Connection>(as_app(*sides_.at(side), "bank"));
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
    auto app = as_app(server, "bank");
    app.exec("INSERT INTO counted (v) VALUES (9)");
    return std::stoi(app.value("SELECT MAX(id) FROM counted").value());
  }
  static bool can_write(const Server& server) {
    try {
      as_app(server, "bank").exec("UPDATE hot SET n = n + 1 WHERE id = 3");
      return true;
    } catch (const SqlError&) {
      return false;
    }
  }
  static void wait_ready(const Wherry& wherry, const std::string& command) {
    RunResult told;
    try {
      wait_until("ready for " + command, 60s, [&] {
        told = wherry.command({command, "--dry-run"});
        return told.exit_code == 0;
      });
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(error.what() + ("\n" + told.output));
    }
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

  // The end: nothing of Wherry is left, and only the new side is written to.
  EXPECT_NE(wherry.command({"finish", "--dry-run"}).exit_code, 0);
  wait_ready(wherry, "cutover");
  ASSERT_EQ(ask(wherry, {"cutover", "--yes"})["certificate"]["writable"], "target");
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  const auto is_kept = [](const Server& server) {
    return !server.query("SHOW DATABASES LIKE '\\_wherry%'").empty();
  };
  EXPECT_EQ(ask(wherry, {"finish", "--dry-run"})["done"], false);
  EXPECT_TRUE(is_kept(old_server) && is_kept(new_server));
  EXPECT_EQ(ask(wherry, {"finish", "--yes"})["done"], true);
  EXPECT_FALSE(is_kept(old_server) || is_kept(new_server));
  EXPECT_TRUE(can_write(new_server));
  EXPECT_FALSE(can_write(old_server));
  EXPECT_EQ(status(wherry)["state"], "finished");
  wherry.start();
  EXPECT_EQ(wherry.wait(30s), 1) << wherry.output();
  EXPECT_EQ(ask(wherry, {"finish", "--yes", "--open-source"})["done"], true);
  EXPECT_TRUE(can_write(old_server));
  expect_grants_of_before(old_server);
  EXPECT_FALSE(is_kept(old_server) || is_kept(new_server));
}

// All that tells how they act; not when they were made.
Rows acting(const Server& server) {
  Rows all = server.query(
      "SELECT TRIGGER_NAME, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT, DEFINER, "
      "SQL_MODE, CHARACTER_SET_CLIENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = "
      "'bank' ORDER BY 1");
  for (auto& row : server.query(
           "SELECT EVENT_NAME, STATUS, INTERVAL_VALUE, STARTS, EVENT_DEFINITION, DEFINER, "
           "SQL_MODE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'bank' ORDER BY 1")) {
    all.push_back(std::move(row));
  }
  return all;
}

TEST_P(Switch, triggers_and_events_are_on_the_side_that_is_written_to) {
  old_server.exec_sql(
      "USE bank; CREATE TABLE audit (id INT PRIMARY KEY); "
      "CREATE TABLE ticks (id INT AUTO_INCREMENT PRIMARY KEY, server INT UNSIGNED)");
  {
    auto session = old_server.connect("bank");
    session.exec("SET NAMES utf8, sql_mode = 'ANSI_QUOTES'");
    session.exec(
        "CREATE TRIGGER noted AFTER INSERT ON \"t\" FOR EACH ROW BEGIN DECLARE x INT; SET x = "
        "NEW.id; INSERT INTO audit VALUES (x); END");
    session.exec(
        "CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks (server) VALUES "
        "(@@server_id)");
    session.exec("CREATE EVENT quiet ON SCHEDULE EVERY 1 SECOND DISABLE DO DELETE FROM t");
  }
  const auto of_before = acting(old_server);
  ASSERT_EQ(of_before.size(), 3U);
  for (const auto* server : {&old_server, &new_server}) {
    server->exec_sql("SET GLOBAL event_scheduler = ON");
  }
  Wherry wherry(old_server, new_server, {"bank.*"}, std::string(guards) + "    events: true\n");
  wherry.start();
  Application application(old_server, new_server, 1);
  const auto expect_on = [&](const Server& here, const Server& not_here) {
    EXPECT_EQ(acting(here), of_before);
    EXPECT_EQ(acting(not_here).size(), 0U);
    const std::string ticks =
        "SELECT 1 FROM bank.ticks WHERE server = " + std::to_string(here.server_id());
    const auto before = here.query(ticks).size();
    wait_until("the event to run there", 30s,
               [&] { return here.query(ticks).size() > before + 1; });
  };
  wait_ready(wherry, "cutover");
  ASSERT_EQ(ask(wherry, {"cutover", "--yes"})["certificate"]["writable"], "target");
  expect_on(new_server, old_server);
  wait_ready(wherry, "rollback");
  ASSERT_EQ(ask(wherry, {"rollback", "--yes"})["certificate"]["writable"], "source");
  expect_on(old_server, new_server);
  wait_ready(wherry, "cutover");
  ASSERT_EQ(ask(wherry, {"cutover", "--yes"})["certificate"]["writable"], "target");
  expect_on(new_server, old_server);
  application.finish();
  new_server.exec_sql("SET GLOBAL event_scheduler = OFF");
  wait_until("all is proved", 60s, [&] {
    const auto now = status(wherry);
    return now["proof"]["all_proved"] == true && now["proof"]["dirty_keys"] == 0;
  });
  // Each effect is there once.
  const auto comparison = compare_servers(old_server, new_server, {"--database", "bank"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
  EXPECT_EQ(new_server.query("SELECT id FROM bank.t WHERE id > 1000000"),
            new_server.query("SELECT id FROM bank.audit"));

  // A person without Wherry brings the old side back.
  wherry.kill9();
  const auto script = wherry.directory() / "journal" / "undo-source.sql";
  const auto ran = run({"sh", "-c",
                        "mysql --no-defaults --socket=" + old_server.socket() +
                            " --user=root --default-character-set=utf8mb4 < " + script.string()});
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_TRUE(can_write(old_server));
  EXPECT_EQ(acting(old_server), of_before);
}

TEST_P(Switch, events_that_nothing_stops_are_in_the_way) {
  old_server.exec_sql("CREATE EVENT bank.tick ON SCHEDULE EVERY 1 HOUR DO DELETE FROM bank.t");
  Wherry wherry(old_server, new_server, {"bank.*"}, guards);
  wherry.start();
  wait_until("the way out to be told", 60s, [&] {
    const auto told = wherry.command({"cutover", "--dry-run"});
    return told.exit_code == 3 && told.output.find("events: true") != std::string::npos;
  });
}

INSTANTIATE_TEST_SUITE_P(On, Switch,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql56,
                                         ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
