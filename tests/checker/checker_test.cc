// Everything at once: clients that write and change definitions as they like, on tables of every
// kind, while the process, both servers and the network between them fail. In the end both sides
// must be equal by a comparison that shares nothing with wherry, and wherry's own proof must agree.
//
// WHERRY_SEED chooses servers, tables, clients and faults; WHERRY_SECONDS how long each round
// lasts, WHERRY_ROUNDS how many there are, each with the next seed. WHERRY_PAIR names the servers
// instead, such as mysql57-mariadb.

#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/checker/clients.h"
#include "tests/checker/pair.h"
#include "tests/fault/bed.h"
#include "tests/support/compare.h"
#include "tests/support/gate/gate.h"
#include "tests/support/small_disk.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

std::string loopback(unsigned port) { return "127.0.0.1:" + std::to_string(port); }

// One migration under fault, from an empty target to the comparison.
class Round {
 public:
  Round(unsigned seed, const Pair& pair)
      : random_(seed),
        pair_(pair),
        clients_(std::in_place, source_, options(seed, pair)),
        source_gate_(loopback(source_.port())),
        target_gate_(loopback(target_.port())),
        // Slow, so that there are chunks to copy while things fail, and many small ones.
        wherry_(source_, target_, {"checker.*"},
                "limits:\n  threads: 3\n  memory: 64 MiB\n  rows_per_second: " +
                    std::to_string(200 + pick(random_, 800)) +
                    "\nverify:\n  recheck:\n    wait: 50 ms\n") {
    Bed::use_ports(wherry_, source_gate_.port(), target_gate_.port());
  }

  void run(std::chrono::seconds time) {
    wherry_.start();
    // Who has just been started for the first time and reaches no server is told so, and it ends.
    ASSERT_TRUE(Bed::wait_for(60s, [&] {
      return wherry_.output().find("holds the lease") != std::string::npos;
    })) << wherry_.output();
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      sleep(1500);
      fail();
      ASSERT_TRUE(wherry_.running()) << "it ended by itself\n" << wherry_.output() << definitions();
    }
    const auto counts = clients_->counts();
    clients_.reset();
    EXPECT_GT(counts.statements, 100U);
    EXPECT_GT(counts.definitions, 0U);
    testing::Test::RecordProperty("statements", static_cast<int>(counts.statements));
    testing::Test::RecordProperty("definitions", static_cast<int>(counts.definitions));
    ASSERT_EQ(wherry_.stop(60s), 130) << wherry_.output();
    wherry_.start({"--until", "proved"});
    ASSERT_EQ(wherry_.wait(180s), 0) << wherry_.output();
    std::vector<std::string> what{"--database", "checker"};
    if (pair_.of_one_kind()) what.emplace_back("--definitions");
    // It shows no -0.0.
    if (pair_.from == ServerKind::mariadb || pair_.to == ServerKind::mariadb) {
      what.emplace_back("--zero-without-sign");
    }
    const Comparison comparison = compare_servers(source_, target_, what);
    EXPECT_TRUE(comparison.equal()) << comparison.output << wherry_.output() << definitions();
  }

 private:
  static ClientOptions options(unsigned seed, const Pair& pair) {
    ClientOptions out;
    out.seed = seed;
    out.schema.sides = {pair.from, pair.to};
    out.xa = pair.from == ServerKind::mariadb;
    return out;
  }

  // Of the source's tables, to see what it was that did not arrive.
  std::string definitions() const {
    std::string out;
    for (const auto& table : source_.query(
             "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='checker'")) {
      try {
        const auto shown = source_.query("SHOW CREATE TABLE checker.`" + table.at(0).value() + "`");
        out += shown.at(0).at(1).value() + "\n";
      } catch (const SqlError& gone) {  // a client still changes it
        out += std::string(gone.what()) + "\n";
      }
    }
    return out;
  }

  void sleep(unsigned most) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + pick(random_, most)));
  }

  void fail() {
    Gate& gate = pick(random_, 2) == 0 ? source_gate_ : target_gate_;
    switch (pick(random_, 11)) {
      case 0:
      case 1:
        wherry_.kill9();
        sleep(300);
        wherry_.start();
        break;
      case 2:
        kill_a_server();
        break;
      case 3:
        gate.cut();
        break;
      case 4:
        gate.cut_after(pick(random_, 2) == 0 ? Direction::to_server : Direction::to_client,
                       pick(random_, 3) == 0 ? pick(random_, 500'000) : pick(random_, 2000));
        break;
      case 5:
        gate.stall(true);
        sleep(1500);
        gate.stall(false);
        break;
      case 6:
        gate.refuse(true);
        gate.cut();
        sleep(800);
        gate.refuse(false);
        break;
      case 7:
        source_.exec_sql("FLUSH BINARY LOGS");
        break;
      case 8: {
        const pid_t server = pick(random_, 2) == 0 ? source_.pid() : target_.pid();
        ::kill(server, SIGSTOP);
        sleep(2000);
        ::kill(server, SIGCONT);
        break;
      }
      case 9:
        if (journal_.mounted()) fill_the_disk();
        break;
      default:
        if (wherry_.command({"pause"}).exit_code == 0) {
          sleep(500);
          wherry_.command({"resume"});
        }
    }
  }

  // A MySQL of before 8.0 that is killed while it changes a definition may leave half of it, damage
  // the table, or never start again. So none is killed then.
  void kill_a_server() {
    const bool source = pick(random_, 2) == 0;
    Server& server = source ? source_ : target_;
    std::unique_lock<std::mutex> held;
    const bool spared = (source ? pair_.from : pair_.to) != ServerKind::mariadb;
    if (spared && source) held = clients_->hold_definitions();
    if (spared && !source) {
      wherry_.hold_still();
      Bed::wait_for(5s, [&] { return changes_no_definition(server); });
    }
    server.kill9();
    if (spared && !source) wherry_.go_on();
    sleep(500);
    server.restart();
  }

  static bool changes_no_definition(const Server& server) {
    return server
        .query(
            "SELECT 1 FROM information_schema.processlist WHERE info REGEXP "
            "'^(alter|create|drop|rename|truncate)'")
        .empty();
  }

  // It ends as soon as it has something to keep, and goes on when it is started again.
  void fill_the_disk() {
    journal_.fill();
    Bed::wait_for(5s, [&] { return !wherry_.running(); });
    journal_.empty();
    sleep(300);
    if (wherry_.running()) return;
    ASSERT_NE(wherry_.output().find("journal."), std::string::npos) << wherry_.output();
    wherry_.start();
  }

  Random random_;
  const Pair pair_;
  Server source_ = Server::start(pair_.from, {.performance_schema = true});
  Server target_ = Server::start(pair_.to);
  std::optional<Clients> clients_;
  Gate source_gate_;
  Gate target_gate_;
  Wherry wherry_;
  SmallDisk journal_{wherry_.directory() / "journal", 64};
};

TEST(Checker, whatever_clients_do_and_whatever_fails_both_sides_end_equal) {
  const unsigned first = seed_of_run();
  const int rounds = from_environment("WHERRY_ROUNDS", 1);
  const std::chrono::seconds time(from_environment("WHERRY_SECONDS", 25));
  for (int i = 0; i < rounds; ++i) {
    const unsigned seed = first + static_cast<unsigned>(i);
    const Pair pair = pair_of(seed);
    if (!pair.available()) GTEST_SKIP() << to_string(pair) << " cannot be had here";
    SCOPED_TRACE("WHERRY_SEED=" + std::to_string(seed) + " WHERRY_PAIR=" + to_string(pair));
    Round(seed, pair).run(time);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace wherry::tests
