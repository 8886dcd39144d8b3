#include "tests/support/gate/gate.h"

#include <cerrno>
#include <optional>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/port.h"

namespace wherry::tests {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// -1 when refused.
int dial(unsigned port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

// Sends back what it gets, one connection after the other.
class EchoServer {
 public:
  EchoServer() : port_(pick_free_port()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 8) != 0) {
      throw std::runtime_error("echo server");
    }
    thread_ = std::thread([this] {
      for (;;) {
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        char buffer[4096];
        for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
          send(fd, buffer, static_cast<std::size_t>(n), MSG_NOSIGNAL);
        }
        close(fd);
      }
    });
  }
  ~EchoServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  unsigned port_;
  int listener_ = -1;
  std::thread thread_;
};

class GateTest : public testing::Test {
 protected:
  void SetUp() override {
    client_ = dial(gate_.port());
    ASSERT_GE(client_, 0);
  }
  void TearDown() override { close(client_); }

  void send_text(const std::string& text) const {
    ASSERT_EQ(send(client_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Up to n bytes, fewer at an end or a reset; reset_ tells which.
  std::string receive(std::size_t n) {
    std::string text;
    while (text.size() < n) {
      char buffer[4096];
      const ssize_t got = recv(client_, buffer, std::min(sizeof buffer, n - text.size()), 0);
      reset_ = got < 0 && errno == ECONNRESET;
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
  bool something_arrives_within(milliseconds time) const {
    const timeval patience{0, static_cast<suseconds_t>(time.count() * 1000)};
    setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = 0;
    const bool arrived = recv(client_, &byte, 1, MSG_PEEK) > 0;
    const timeval long_patience{10, 0};
    setsockopt(client_, SOL_SOCKET, SO_RCVTIMEO, &long_patience, sizeof long_patience);
    return arrived;
  }

  EchoServer server_;
  Gate gate_{server_.target()};
  int client_ = -1;
  bool reset_ = false;
};

TEST_F(GateTest, passes_bytes_both_ways_and_counts_them) {
  send_text("hello");
  EXPECT_EQ(receive(5), "hello");
  // The receiver may have the bytes an instant before they are counted.
  for (const Direction direction : {Direction::to_server, Direction::to_client}) {
    for (int i = 0; i < 1000 && gate_.passed(direction) < 5; ++i) usleep(1000);
  }
  EXPECT_EQ(gate_.passed(Direction::to_server), 5U);
  EXPECT_EQ(gate_.passed(Direction::to_client), 5U);
  EXPECT_EQ(gate_.accepted(), 1U);
  shutdown(client_, SHUT_WR);
  EXPECT_EQ(receive(1), "");
  EXPECT_FALSE(reset_);
}

TEST_F(GateTest, delays) {
  gate_.delay(milliseconds(60));
  const auto start = Clock::now();
  send_text("x");
  EXPECT_EQ(receive(1), "x");
  EXPECT_GE(Clock::now() - start, milliseconds(120));
}

TEST_F(GateTest, limits_the_flow) {
  gate_.limit(10'000);
  const auto start = Clock::now();
  send_text(std::string(4000, 'x'));
  EXPECT_EQ(receive(4000).size(), 4000U);
  EXPECT_GE(Clock::now() - start, milliseconds(300));
}

TEST_F(GateTest, limits_all_connections_together) {
  const int other = dial(gate_.port());
  gate_.limit(10'000);
  const auto start = Clock::now();
  const std::string text(4000, 'x');
  send_text(text);
  ASSERT_EQ(send(other, text.data(), text.size(), MSG_NOSIGNAL), 4000);
  while (gate_.passed(Direction::to_server) < 8000) {
    ASSERT_LT(Clock::now() - start, std::chrono::seconds(60));
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(Clock::now() - start, milliseconds(700));
  close(other);
}

TEST_F(GateTest, stalls_and_loses_nothing) {
  gate_.stall(true);
  send_text("later");
  EXPECT_FALSE(something_arrives_within(milliseconds(150)));
  gate_.stall(false);
  EXPECT_EQ(receive(5), "later");
}

TEST_F(GateTest, cuts_with_a_reset_even_while_stalled) {
  gate_.stall(true);
  send_text("never");
  gate_.cut();
  EXPECT_EQ(receive(5), "");
  EXPECT_TRUE(reset_);
}

TEST_F(GateTest, cuts_after_exactly_that_many_bytes_from_the_server) {
  gate_.cut_after(Direction::to_client, 7);
  send_text("0123456789");
  EXPECT_LE(receive(10).size(), 7U);  // a reset may overtake bytes not read yet
  EXPECT_TRUE(reset_);
  EXPECT_EQ(gate_.passed(Direction::to_client), 7U);
  // Once only.
  close(client_);
  client_ = dial(gate_.port());
  send_text("0123456789");
  EXPECT_EQ(receive(10), "0123456789");
}

TEST_F(GateTest, cuts_after_exactly_that_many_bytes_to_the_server) {
  gate_.cut_after(Direction::to_server, 3);
  send_text("0123456789");
  EXPECT_LE(receive(10).size(), 3U);
  EXPECT_TRUE(reset_);
  EXPECT_EQ(gate_.passed(Direction::to_server), 3U);
}

TEST_F(GateTest, refuses_new_connections_and_keeps_open_ones) {
  gate_.refuse(true);
  EXPECT_EQ(dial(gate_.port()), -1);
  send_text("still");
  EXPECT_EQ(receive(5), "still");
  gate_.refuse(false);
  const int again = dial(gate_.port());
  EXPECT_GE(again, 0);
  close(again);
}

TEST(Gate, resets_clients_of_a_server_that_is_down) {
  Gate gate("127.0.0.1:" + std::to_string(pick_free_port()));
  const int client = dial(gate.port());
  ASSERT_GE(client, 0);
  char byte = 0;
  EXPECT_LE(recv(client, &byte, 1, 0), 0);
  close(client);
}

}  // namespace
}  // namespace wherry::tests
