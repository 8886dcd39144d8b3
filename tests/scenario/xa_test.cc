// XA transactions move: left prepared for a while, committed or rolled back in either order, by the
// session that prepared them or by another, beside ordinary transactions on other rows, while the
// log is rotated and wherry is killed. What arrived is compared by other means than the prover's.

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

void make_tables(const Server& server) {
  server.exec_sql(
      "CREATE DATABASE xa; USE xa; "
      "CREATE TABLE parent(id INT PRIMARY KEY, v INT); "
      "CREATE TABLE child(id INT PRIMARY KEY AUTO_INCREMENT, parent INT, "
      "FOREIGN KEY (parent) REFERENCES parent(id) ON DELETE CASCADE ON UPDATE SET NULL); "
      "CREATE TABLE loose(worker INT, v INT, KEY(worker)); "
      "CREATE TABLE plain(id BIGINT PRIMARY KEY AUTO_INCREMENT, worker INT, v VARCHAR(200), "
      "KEY(worker)); "
      "INSERT INTO plain(worker,v) VALUES(-1,REPEAT('x',200)),(-1,REPEAT('y',200))");
  for (int i = 0; i < 11; ++i) {
    server.exec_sql("INSERT INTO xa.plain(worker,v) SELECT worker,v FROM xa.plain");
  }
}

// One writer, with rows of its own, so that what is left prepared blocks nobody.
class Writer {
 public:
  Writer(const Server& server, unsigned number)
      : server_(server), number_(number), random_(number) {}

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      one_transaction();
      if (pending_.size() > 3) end_one();
      if (random_() % 40 == 0) server_.exec_sql("FLUSH BINARY LOGS");
      std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 15));
    }
  }
  void end_all() {
    while (!pending_.empty()) end_one();
  }
  int ended() const { return ended_; }

 private:
  std::string xid() const { return "'" + id() + "','w'"; }
  std::string id() const { return std::to_string(number_ * 1'000'000U + count_); }

  std::string statements() {
    const std::string n = id();
    const std::string worker = std::to_string(number_);
    std::string out = "INSERT INTO parent VALUES(" + n + ",1); INSERT INTO child(parent) VALUES(" +
                      n + "),(" + n + "); INSERT INTO loose VALUES(" + worker + "," + n +
                      "); INSERT INTO plain(worker,v) VALUES(" + worker + ",'" + n + "')";
    if (random_() % 3 == 0) {
      out += "; SAVEPOINT p; INSERT INTO loose VALUES(" + worker + ",0); ROLLBACK TO p";
    }
    // A parent of an earlier ordinary transaction goes, with its children.
    if (!parents_.empty() && random_() % 2 == 0) {
      out += "; DELETE FROM parent WHERE id=" + parents_.front();
      parents_.pop_front();
    }
    return out;
  }

  void one_transaction() {
    ++count_;
    try {
      auto session = server_.connect("xa");
      session.exec("SET tx_isolation='READ-COMMITTED', innodb_lock_wait_timeout=1");
      write(session);
      if (pending_.empty() || pending_.back() != xid()) return;
      // Its session ends here.
      left_ = session.thread_id();
    } catch (const SqlError&) {  // it waited for a row of one that is prepared; it never was
    }
  }

  void write(Connection& session) {
    const auto shape = random_() % 4;
    if (shape == 0) {
      session.exec("BEGIN; " + statements() + "; COMMIT");
      parents_.push_back(id());
      return;
    }
    session.exec("XA START " + xid() + "; " + statements() + "; XA END " + xid());
    if (shape == 1) {
      session.exec("XA COMMIT " + xid() + " ONE PHASE");
      return;
    }
    session.exec("XA PREPARE " + xid());
    if (shape == 2) {
      session.exec("XA COMMIT " + xid());
    } else {
      pending_.push_back(xid());
    }
  }

  void end_one() {
    const std::size_t at = random_() % pending_.size();
    const std::string xid = pending_[at];
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(at));
    const std::string verb = random_() % 3 == 0 ? "XA ROLLBACK " : "XA COMMIT ";
    server_.wait_for_end_of(left_);
    server_.exec_sql(verb + xid);
    ++ended_;
  }

  const Server& server_;
  unsigned number_;
  std::mt19937 random_;
  unsigned count_ = 0;
  std::atomic<int> ended_ = 0;
  std::uint64_t left_ = 0;  // the last session that left something prepared
  std::deque<std::string> pending_;
  std::deque<std::string> parents_;
};

class Writers {
 public:
  Writers(const Server& server, unsigned count) {
    for (unsigned i = 1; i <= count; ++i) all_.push_back(std::make_unique<Writer>(server, i));
    for (auto& writer : all_) {
      threads_.emplace_back([&writer](const std::stop_token& stop) { writer->run(stop); });
    }
  }
  // Some stay prepared.
  void pause() { threads_.clear(); }
  int finish() {
    pause();
    int ended = 0;
    for (auto& writer : all_) {
      writer->end_all();
      ended += writer->ended();
    }
    return ended;
  }

 private:
  std::vector<std::unique_ptr<Writer>> all_;
  std::vector<std::jthread> threads_;
};

void expect_equal(const Server& source, const Server& target, const Wherry& wherry) {
  const Comparison comparison = compare_servers(source, target, {"--database", "xa"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

// MySQL does not tell whether what is prepared is being committed: its tables without a key, and
// those of cascades, are copied when it has ended.
enum class LastProof { beside_prepared, of_all };

void move_under_load_and_kills(const Server& source, const Server& target, unsigned seed,
                               LastProof last) {
  make_tables(source);
  Wherry wherry(source, target, {"xa.*"},
                "limits:\n  threads: 4\n  memory: 64 MiB\n  rows_per_second: 2000\n");
  std::mt19937 random(seed);
  Writers writers(source, 3);
  wherry.start();
  wait_until("what was prepared before to end", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] != "planned";
  });
  for (int i = 0; i < sized(5, 60); ++i) {
    if (i != 0) wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(500 + random() % 1700));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    wherry.kill9();
  }
  writers.pause();
  if (last == LastProof::beside_prepared) {
    // Everything but what is prepared arrives, and is proved.
    try {
      run_until_proved(wherry, 120s);
    } catch (const std::exception& error) {
      FAIL() << error.what();
    }
    EXPECT_FALSE(source.query("XA RECOVER").empty());
    expect_equal(source, target, wherry);
  }
  EXPECT_GT(writers.finish(), 10);
  try {
    run_until_proved(wherry, 120s);
  } catch (const std::exception& error) {
    FAIL() << error.what();
  }
  expect_equal(source, target, wherry);
}

TEST(Xa, moves_from_mariadb) {
  const Server source = Server::start_mariadb({.performance_schema = true});
  const Server target = Server::start_mariadb();
  move_under_load_and_kills(source, target, 1, LastProof::beside_prepared);
}

TEST(Xa, moves_from_mysql57) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  const Server source = Server::start_mysql57({.performance_schema = true});
  const Server target = Server::start_mariadb();
  move_under_load_and_kills(source, target, 2, LastProof::of_all);
}

TEST(Xa, a_migration_begins_when_what_was_prepared_before_it_has_ended) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  make_tables(source);
  source.exec_sql(
      "USE xa; XA START 'old'; INSERT INTO loose VALUES(1,1); XA END 'old'; "
      "XA PREPARE 'old'");
  Wherry wherry(source, target, {"xa.*"});
  const auto assessed = ask(wherry, {"assess"});
  EXPECT_NE(assessed.dump().find("source.xa_prepared"), std::string::npos) << assessed.dump(1);
  wherry.start();
  wait_until("it to tell what it waits for", 30s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    return answer(wherry, {"history"}).output.find("XA X'6f6c64',X'',1") != std::string::npos;
  });
  source.exec_sql(
      "XA START 'new'; INSERT INTO xa.loose VALUES(2,2); XA END 'new'; "
      "XA PREPARE 'new'");
  source.exec_sql("XA COMMIT 'old'");
  wait_until("every chunk to be copied", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  wherry.kill9();
  source.exec_sql("XA COMMIT 'new'");
  run_until_proved(wherry, 60s);
  expect_equal(source, target, wherry);
  EXPECT_EQ(target.query("SELECT SUM(v) FROM xa.loose").at(0).at(0), "3");
}

}  // namespace
}  // namespace wherry::tests
