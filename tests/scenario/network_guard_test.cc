// A switch whose guard is the network: in a network of its own, where that can be had, two servers
// on one machine, Wherry by their sockets, and an application by TCP.

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

constexpr const char* network = R"(
cutover:
  max_downtime: 20 s
  patience: 500 ms
  guards:
    network: {source: local, target: local}
)";

bool says_yes(const std::string& command) {
  return std::system(("PATH=$PATH:/usr/sbin; " + command + " >/dev/null 2>&1").c_str()) == 0;
}

// Why there is no network of our own to put rules into; "" if there is.
std::string enter_a_network_of_our_own() {
  if (!says_yes("command -v nft ss ip")) return "nft, ss and ip are not installed";
  if (::unshare(CLONE_NEWNET) != 0) return std::string("no network: ") + std::strerror(errno);
  if (!says_yes("ip link set lo up")) return "its loopback does not come up";
  if (!says_yes("nft add table inet tried && nft delete table inet tried")) return "no nftables";
  return "";
}

Connection by_tcp(const Server& server) {
  Endpoint endpoint;
  endpoint.port = server.port();
  endpoint.user = "app";
  endpoint.password = "app";
  return Connection(endpoint);
}

// Writes to whichever side lets it in, by a connection that it keeps.
class Application {
 public:
  Application(const Server& source, const Server& target) : sides_{&source, &target} {
    thread_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
  }
  std::vector<int> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  int side() const { return side_; }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void write(const std::stop_token& stop) {
    std::unique_ptr<Connection> connection;
    for (int id = 1; !stop.stop_requested(); ++id) {
      try {
        const int side = side_;
        if (!connection) {
          connection =
              std::make_unique<Connection>(by_tcp(*sides_.at(static_cast<std::size_t>(side))));
        }
        connection->exec("INSERT INTO shop.t VALUES (" + std::to_string(id) + ")");
        const std::lock_guard lock(mutex_);
        acknowledged_.push_back(id);
      } catch (const SqlError&) {
        // Refused, or cut off: whether the last one was written is not known.
        connection.reset();
        side_ = 1 - side_;
        std::this_thread::sleep_for(5ms);
      }
      std::this_thread::sleep_for(1ms);
    }
  }

  const std::vector<const Server*> sides_;
  mutable std::mutex mutex_;
  std::vector<int> acknowledged_;
  std::atomic<int> side_{0};
  std::jthread thread_;
};

// The sockets' servers with their ports.
void name_ports(const Wherry& wherry, const std::vector<const Server*>& servers) {
  std::ifstream in(wherry.config());
  std::string text;
  for (std::string line; std::getline(in, line);) {
    text += line + "\n";
    for (const auto* server : servers) {
      if (line == "  socket: " + server->socket()) {
        text += "  port: " + std::to_string(server->port()) + "\n";
      }
    }
  }
  std::ofstream(wherry.config()) << text;
}

void wait_ready(const Wherry& wherry, const std::string& command) {
  wait_until("ready for " + command, 60s, [&] {
    return wherry.command({command, "--dry-run"}).exit_code == 0;
  });
}

TEST(NetworkGuard, switches_over_and_back_and_no_acknowledged_write_is_lost) {
  if (const std::string why = enter_a_network_of_our_own(); !why.empty()) GTEST_SKIP() << why;
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY)");
  for (const auto* server : {&source, &target}) {
    server->exec_sql("CREATE USER app@'%' IDENTIFIED BY 'app'; GRANT ALL ON shop.* TO app@'%'");
  }
  Wherry wherry(source, target, {"shop.*"}, network);
  name_ports(wherry, {&source, &target});
  wherry.start();
  Application application(source, target);
  const auto written_more = [&](int side) {
    const auto before = application.acknowledged().size();
    wait_until("written on", 30s, [&] {
      return application.side() == side && application.acknowledged().size() > before + 20;
    });
  };

  wait_ready(wherry, "cutover");
  const auto over = ask(wherry, {"cutover", "--yes"});
  EXPECT_EQ(over["certificate"]["writable"], "target") << over.dump();
  written_more(1);
  EXPECT_THROW(by_tcp(source), SqlError);
  EXPECT_TRUE(says_yes("nft list table inet wherry_test_source"));
  EXPECT_FALSE(says_yes("nft list table inet wherry_test_target"));

  wait_ready(wherry, "rollback");
  const auto back = ask(wherry, {"rollback", "--yes"});
  EXPECT_EQ(back["certificate"]["writable"], "source") << back.dump();
  written_more(0);
  EXPECT_FALSE(says_yes("nft list table inet wherry_test_source"));

  application.finish();
  wait_ready(wherry, "cutover");
  std::set<std::string> there;
  for (const auto& row : source.query("SELECT id FROM shop.t")) there.insert(row.at(0).value());
  for (const int id : application.acknowledged()) {
    EXPECT_TRUE(there.contains(std::to_string(id))) << id << " is lost";
  }
  const auto comparison = compare_servers(source, target, {"--database", "shop"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

}  // namespace
}  // namespace wherry::tests
